"""When to be silent with a lead: a person stopped the mail, a reply waits to be read, a deal is open. Pure.

All three hold and do not skip: each ends by something that somebody does, and what waited goes on from there. What is
held is one mail for each campaign, since an enrollment waits with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.kernel.reasons import Reason

AUTOMATIC = frozenset({"advertising", "care"})  # classes that a stop by hand and a reply hold
ADVERTISING = "advertising"  # the class that an open deal holds

# Reasons that an event ends, not the calendar.
PASSING = frozenset({Reason.DEAL_OPEN, Reason.REPLIED, Reason.PAUSED_BY_HAND})


@dataclass(frozen=True, slots=True)
class Quiet:
    """What asks for silence with one lead; names of owners, empty where there is none."""

    paused_at: datetime | None = None
    replied_at: datetime | None = None
    owner: str = ""
    deal: bool = False
    deal_owner: str = ""

    def held(self, message_class: str) -> tuple[Reason, Mapping[str, Any]] | None:
        """Why a mail of this class waits; None when it need not. The strongest word first: a person's."""
        if self.paused_at is not None and message_class in AUTOMATIC:
            return Reason.PAUSED_BY_HAND, {}
        if self.replied_at is not None and message_class in AUTOMATIC:
            return Reason.REPLIED, {"owner": self.owner} if self.owner else {}
        if self.deal and message_class == ADVERTISING:
            return Reason.DEAL_OPEN, {"owner": self.deal_owner} if self.deal_owner else {}
        return None

    def reasons(self) -> list[tuple[Reason, Mapping[str, Any]]]:
        """Everything that asks for silence, for a page."""
        one = [
            (Reason.PAUSED_BY_HAND, {}) if self.paused_at is not None else None,
            (Reason.REPLIED, {"owner": self.owner} if self.owner else {}) if self.replied_at is not None else None,
            (Reason.DEAL_OPEN, {"owner": self.deal_owner} if self.deal_owner else {}) if self.deal else None,
        ]
        return [found for found in one if found is not None]


NOTHING = Quiet()
