"""How a relay stands, by its row: open, resting, paused by trouble or by a person; whether it may advertise. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.engine import Row

OPEN, PAUSED = "open", "paused"
BY_HAND = "paused_by_hand"
COMPLAINTS = "too_many_complaints"


class Ads(StrEnum):
    """What complaints say of a relay's advertising."""

    WATCHED = "watched"  # more than one in a thousand call it spam
    PAUSED = "paused"  # more than three


def is_open(row: Row[Any] | None, real: datetime) -> bool:
    """Whether the relay may be tried now."""
    if row is None:
        return True
    if row.held_at is not None:
        return False
    return bool(row.state == OPEN or row.retry_at is None or row.retry_at <= real)


def may_advertise(row: Row[Any] | None) -> bool:
    """Whether advertising may go by it."""
    return row is None or row.ads != Ads.PAUSED.value
