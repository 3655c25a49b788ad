"""How many call our mail spam, by relay, and what follows (reads and writes the database).

Receivers want it under one in a thousand, and turn against a sender over three (Google, Email sender guidelines:
below 0.1 %, never 0.3 %). Counted over the mail of seven days by the time it was sent, since complaints come late.
Over the limit the relay's advertising stops until a person lets it go on; mail that leads asked for and mail to staff
goes on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.delivery import relay_store
from nurture.delivery.limits import SLOT, slot_of
from nurture.delivery.relay_store import COMPLAINTS
from nurture.delivery.state import Ads
from nurture.kernel.database import among
from nurture.messages.model import MessageState
from nurture.messages.tables import attempts

WINDOW = timedelta(days=7)
WATCH, PAUSE = 0.001, 0.003
LEAST_SENT = 100  # under so many a share says nothing
_LEAST = {Ads.WATCHED: 2, Ads.PAUSED: 3}  # complaints: one alone may be a slip of the finger


@dataclass(frozen=True, slots=True)
class Share:
    """Complaints about the mail of the window."""

    sent: int
    complaints: int

    @property
    def rate(self) -> float:
        """Between 0 and 1."""
        return self.complaints / self.sent if self.sent else 0.0

    @property
    def level(self) -> Ads | None:
        """What it asks for."""
        if self.sent < LEAST_SENT:
            return None
        if self.rate > PAUSE and self.complaints >= _LEAST[Ads.PAUSED]:
            return Ads.PAUSED
        return Ads.WATCHED if self.rate >= WATCH and self.complaints >= _LEAST[Ads.WATCHED] else None


def note(conn: Connection, message_ids: Sequence[int], real: datetime) -> None:
    """Count complaints about these messages with the relays they went by; call it once for each new complaint."""
    found = Counter((row.route, slot_of(row.at)) for row in _ways(conn, message_ids))
    for (key, slot), number in sorted(found.items()):
        relay_store.count(conn, "complaints", key, slot, number, COMPLAINTS)
    standing = relay_store.standing(conn)
    for key in sorted({key for key, _ in found}):
        row = standing.get(key)
        level = share(conn, key, row.clean_at if row is not None else None, real).level
        before = row.ads if row is not None else None
        if before != Ads.PAUSED.value and before != level:
            relay_store.change(conn, key, {"ads": level.value if level else None, "ads_at": real}, real)


def share(conn: Connection, key: str, clean_at: datetime | None, real: datetime) -> Share:
    """The complaints of the window; those about mail from before `clean_at` have been looked at."""
    return Share(*relay_store.sent_since(conn, key, since(clean_at, real)))


def since(clean_at: datetime | None, real: datetime) -> datetime:
    """Where the window begins: after the slot in which somebody let the relay go on."""
    begin = slot_of(real - WINDOW)
    return begin if clean_at is None else max(begin, slot_of(clean_at) + SLOT)


def _ways(conn: Connection, message_ids: Sequence[int]) -> Sequence[sa.Row[Any]]:
    """By which relay, and when, each of these messages was handed over last."""
    last = (
        sa.select(sa.func.max(attempts.c.id))
        .where(among(attempts.c.message_id, sorted(set(message_ids))))
        .where(attempts.c.outcome.in_([MessageState.SENT.value, MessageState.UNKNOWN.value]))
        .group_by(attempts.c.message_id)
    )
    return list(conn.execute(sa.select(attempts.c.route, attempts.c.at).where(attempts.c.id.in_(last))))
