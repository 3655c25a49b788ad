"""What an alert is: values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from nurture.kernel.reasons import Reason
from nurture.policy.windows import Window


class AlertState(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    ACCEPTED = "accepted"
    LATER = "later"  # call back later, until `later_until`
    DISMISSED = "dismissed"  # not a fit
    WITHDRAWN = "withdrawn"  # its cause turned out to be a machine


class EmailWay(StrEnum):
    """How an alert's email goes."""

    NOW = "now"
    DIGEST = "digest"  # with others, at `email_after`
    NONE = "none"  # there is nobody to write to, or it is not needed any more


@dataclass(frozen=True, slots=True)
class Moment:
    """What just happened to a lead, for triggers to look at."""

    lead_id: int
    cause: str
    owner_id: int | None = None
    opportunity_id: int | None = None
    opened: bool = False  # an opportunity was opened automatically just now
    became_hot: bool = False
    has_open: bool = False  # an opportunity is open


@dataclass(frozen=True, slots=True)
class Why:
    """One reason in plain words, before they are put into a language."""

    code: str  # the scoring rule's key, or `by_hand`
    at: datetime
    name: Mapping[str, str]  # the rule's name by language
    params: Mapping[str, Any] = field(default_factory=dict)  # url, count; person, reason

    def plain(self) -> dict[str, Any]:
        """As it is stored with the alert."""
        return {"code": self.code, "at": self.at.isoformat(), "name": dict(self.name), "params": dict(self.params)}


@dataclass(frozen=True, slots=True)
class Hours:
    """When an owner works, as the rules of an alert's email need it."""

    window: Window
    zone: str
    away: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Mailing:
    """How an email goes, why so, and when."""

    way: EmailWay
    reason: Reason | None = None
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What alert mails say of the installation."""

    base_url: str
    values: Mapping[str, str]  # `house.*` of a template
    zone: str
    language: str

    def lead_url(self, public_id: str) -> str:
        """The lead's page."""
        return f"{self.base_url.rstrip('/')}/leads/{public_id}"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as stored."""

    id: int
    key: str
    trigger: str
    lead_id: int
    opportunity_id: int | None
    owner_id: int | None
    state: AlertState
    reasons: tuple[Mapping[str, Any], ...]
    raised_at: datetime
    later_until: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_reason: str
    cause: str
    email: EmailWay
    email_reason: str
    email_after: datetime | None
    message_id: int | None

    @property
    def waits(self) -> bool:
        """Whether it still waits for somebody."""
        return self.state in {AlertState.OPEN, AlertState.LATER}
