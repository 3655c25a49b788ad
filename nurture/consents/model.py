"""Words of consent and refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nurture.kernel.reasons import Reason


class Purpose(StrEnum):
    """What a lead may agree to."""

    ADVERTISING = "advertising"
    TRACKING = "tracking"


class Channel(StrEnum):
    """How we may reach somebody."""

    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"  # the lead said no; a new consent lifts it
    BOUNCED = "bounced"  # hard bounce; never lifted by a consent
    COMPLAINED = "complained"  # called spam; never lifted by a consent
    BY_HAND = "by_hand"  # a member of staff
    IMPORT = "import"  # a file's column said no


class Method(StrEnum):
    """How a yes or no reached us."""

    IMPORT = "import"  # a column of a file
    STATEMENT = "statement"  # an operator's word for a whole file
    FORM = "form"
    PAGE = "page"  # a page we showed the lead: unsubscribe, preferences
    PERSON = "person"  # told to a member of staff
    PAPER = "paper"  # signed, and a member of staff has it
    PHONE = "phone"  # said to a member of staff on the telephone


class Scope(StrEnum):
    """How much a suppression forbids."""

    ALL = "all"
    ADVERTISING = "advertising"  # other classes of mail may go on


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A suppression in force."""

    id: int
    reason: SuppressionReason
    scope: str  # Scope
    origin: str
    at: datetime


_REASONS = {
    SuppressionReason.COMPLAINED: Reason.COMPLAINED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.BOUNCED: Reason.BOUNCED,
    SuppressionReason.BY_HAND: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}
# What the lead did outweighs what the mail world or we did.
_ORDER = tuple(_REASONS)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lead stands on one channel: the latest word for each purpose, and what forbids the address."""

    reachable: bool  # there is an address
    given: Mapping[Purpose, tuple[bool, datetime]]
    suppressed: tuple[Suppressed, ...] = ()

    def agreed(self, purpose: Purpose) -> bool:
        """Whether the latest word for this purpose is a yes."""
        return purpose in self.given and self.given[purpose][0]

    @property
    def tracking(self) -> bool:
        """Whether opens and clicks of this lead may be kept by name."""
        return self.agreed(Purpose.TRACKING)

    @property
    def refused(self) -> bool:
        """Whether somebody's no closed the address; a bounce is nobody's no."""
        return any(one.reason != SuppressionReason.BOUNCED for one in self.suppressed)

    def refusal(self, message_class: str) -> tuple[Reason, dict[str, str]] | None:
        """Why a message of this class must not go, with the sentence's values (`date` is an ISO instant in UTC)."""
        if not self.reachable:
            return Reason.NO_ADDRESS, {}
        advertising = message_class == "advertising"
        in_force = [one for one in self.suppressed if advertising or one.scope != Scope.ADVERTISING]
        if in_force:
            worst = min(in_force, key=lambda one: (_ORDER.index(one.reason), one.at))
            return _REASONS[worst.reason], {"date": _date(worst.at)}
        if not advertising or self.agreed(Purpose.ADVERTISING):
            return None
        if Purpose.ADVERTISING in self.given:
            return Reason.UNSUBSCRIBED, {"date": _date(self.given[Purpose.ADVERTISING][1])}
        return Reason.NO_CONSENT, {}


def _date(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
