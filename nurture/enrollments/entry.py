"""Who asks to enter a campaign, and whether they may. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.campaigns.model import Again
from nurture.kernel.reasons import Reason

# How often a lead comes into the same campaign by itself: where campaigns lead into each other in a circle, nobody goes
# round without end. A person may put it in nevertheless.
MOST = 10
WITHIN = timedelta(days=1)


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


def refusal(
    again: Again | timedelta, past: Sequence[Past], now: datetime, *, by_hand: bool = False
) -> tuple[Reason, Mapping[str, Any]] | None:
    """Why the lead may not enter, with the sentence's values; None when it may. `by_hand`: a person asks."""
    running = [one for one in past if one.ended_at is None]
    if running:
        return Reason.ALREADY_ENROLLED, {"date": running[-1].entered_at.isoformat(timespec="seconds")}
    if past and not _may_return(again, past, now):
        return Reason.ENROLLED_BEFORE, {}
    lately = sum(one.entered_at > now - WITHIN for one in past)
    if lately >= MOST and not by_hand:
        return Reason.TOO_OFTEN, {"count": lately, "hours": WITHIN // timedelta(hours=1)}
    return None


def _may_return(again: Again | timedelta, past: Sequence[Past], now: datetime) -> bool:
    if isinstance(again, timedelta):
        return now - max(one.ended_at for one in past if one.ended_at is not None) >= again
    return again is Again.AFTER_EXIT
