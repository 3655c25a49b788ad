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
    IMPORT = "import"  # a file's column said no, or a list of refusals
    PAUSED = "paused"  # the lead wants nothing until a day


class Method(StrEnum):
    """How a yes or no reached us."""

    IMPORT = "import"  # a column of a file
    STATEMENT = "statement"  # an operator's word for a whole file
    FORM = "form"
    PAGE = "page"  # a page we showed the lead: unsubscribe, preferences
    PERSON = "person"  # told to a member of staff
    PAPER = "paper"  # signed, and a member of staff has it
    PHONE = "phone"  # said to a member of staff on the telephone
    REPLY = "reply"  # written in a mail of their own
    PROVIDER = "provider"  # told by their mail provider, or the relay that we send through


class Scope(StrEnum):
    """How much a suppression forbids; `topic:<key>` forbids what is about that alone."""

    ALL = "all"
    ADVERTISING = "advertising"  # other classes of mail may go on


_TOPIC = "topic:"


def topic_scope(topic: str) -> str:
    """The scope of a no to one of the house's topics."""
    return _TOPIC + topic


def topic_of(scope: str) -> str:
    """The topic that a scope is about; empty for the others."""
    return scope.removeprefix(_TOPIC) if scope.startswith(_TOPIC) else ""


@dataclass(frozen=True, slots=True)
class Word:
    """The latest word of a lead for one purpose, and how it reached us."""

    given: bool
    at: datetime
    method: str = ""  # Method
    origin: str = ""
    per_day: int | None = None  # of a yes: the figure agreed on


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A suppression in force."""

    id: int
    reason: SuppressionReason
    scope: str  # Scope, or of a topic
    origin: str
    at: datetime
    until: datetime | None = None  # of a pause


_REASONS = {
    SuppressionReason.COMPLAINED: Reason.COMPLAINED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.BOUNCED: Reason.BOUNCED,
    SuppressionReason.BY_HAND: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}
# What the lead did outweighs what the mail world or we did.
_ORDER = tuple(_REASONS)
_PAUSED = frozenset({"advertising", "care"})  # classes that a pause holds back


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
        """Whether somebody's no closed the address; a bounce is nobody's no, and a no to one topic closes nothing."""
        return any(one.reason != SuppressionReason.BOUNCED and not topic_of(one.scope) for one in self._closing())

    @property
    def closed(self) -> bool:
        """Whether anything closes the address; a no to one topic and a pause do not."""
        return any(not topic_of(one.scope) for one in self._closing())

    @property
    def refuses_all(self) -> bool:
        """Whether the lead's own no to everything stands."""
        return any(one.reason is SuppressionReason.UNSUBSCRIBED for one in self._closing() if not topic_of(one.scope))

    @property
    def topics(self) -> frozenset[str]:
        """The topics that are refused."""
        return frozenset(topic_of(one.scope) for one in self.suppressed) - {""}

    def paused(self, message_class: str, now: datetime) -> datetime | None:
        """Until when the lead wants nothing of this class; None when there is no such wish."""
        ends = [one.until for one in self.suppressed if one.reason is SuppressionReason.PAUSED and one.until]
        last = max(ends, default=None)
        return last if last is not None and last > now and message_class in _PAUSED else None

    def _closing(self) -> list[Suppressed]:
        """All but pauses, which do not close the address."""
        return [one for one in self.suppressed if one.reason is not SuppressionReason.PAUSED]

    def refusal(self, message_class: str, topic: str = "") -> tuple[Reason, dict[str, str]] | None:
        """Why a message of this class and topic must not go, with the sentence's values (`date` is an ISO instant in
        UTC, `topic` a key)."""
        if not self.reachable:
            return Reason.NO_ADDRESS, {}
        advertising = message_class == "advertising"
        in_force = [one for one in self._closing() if _forbids(one.scope, topic, advertising=advertising)]
        if in_force:
            worst = min(in_force, key=lambda one: (bool(topic_of(one.scope)), _ORDER.index(one.reason), one.at))
            if topic_of(worst.scope):
                return Reason.TOPIC_REFUSED, {"topic": topic, "date": _date(worst.at)}
            return _REASONS[worst.reason], {"date": _date(worst.at)}
        if not advertising or self.agreed(Purpose.ADVERTISING):
            return None
        if Purpose.ADVERTISING in self.given:
            return Reason.UNSUBSCRIBED, {"date": _date(self.given[Purpose.ADVERTISING][1])}
        return Reason.NO_CONSENT, {}


def _forbids(scope: str, topic: str, *, advertising: bool) -> bool:
    about = topic_of(scope)
    if about:
        return about == topic
    return advertising or scope != Scope.ADVERTISING


def _date(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
