"""Who asks to enter a campaign, and whether they may. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.campaigns.model import Again
from nurture.kernel.reasons import Reason


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier or running enrollment of the lead in the same campaign. `ended_at` None: it runs."""

    entered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A lead that asks to enter, and why. The same cause takes it in, or is decided about, once."""

    lead_id: int
    cause: str  # `membership:17`, `activity:5`, `date:birthday:2027-03-05`
    refused: tuple[Reason, Mapping[str, Any]] | None = None


def refusal(again: Again | timedelta, past: Sequence[Past], now: datetime) -> tuple[Reason, Mapping[str, Any]] | None:
    """Why the lead may not enter, with the sentence's values; None when it may."""
    running = [one for one in past if one.ended_at is None]
    if running:
        return Reason.ALREADY_ENROLLED, {"date": running[-1].entered_at.isoformat(timespec="seconds")}
    if not past or again is Again.AFTER_EXIT:
        return None
    if isinstance(again, timedelta):
        latest = max(one.ended_at for one in past if one.ended_at is not None)
        return None if now - latest >= again else (Reason.ENROLLED_BEFORE, {})
    return Reason.ENROLLED_BEFORE, {}
