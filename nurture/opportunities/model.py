"""What an opportunity, its pipeline and its qualification are. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from nurture.kernel.reasons import Reason
from nurture.leads.model import Temperature
from nurture.rules.model import Rule


class OpportunityState(StrEnum):
    """Where an opportunity stands, besides its stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"  # with a reason
    RETURNED = "returned"  # given back to marketing, with a reason
    WITHDRAWN = "withdrawn"  # the engine took it back: its cause turned out to be a machine


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of selling. `probability` is in percent; over `longest` in it an opportunity is over time."""

    key: str
    name: Mapping[str, str]
    probability: int
    longest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NamedReason:
    """Why an opportunity was lost or given back, to choose from."""

    key: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Qualifying:
    """What a lead must be for an opportunity to open by itself."""

    fit: int
    temperature: Temperature = Temperature.HOT
    when: Rule | None = None
    customers: bool = False  # whether customers may get one too
    again_after: timedelta = timedelta(days=30)  # after the last one was closed


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """How often an owner is disturbed by email."""

    cooldown: timedelta = timedelta(hours=24)  # for each lead
    daily: int = 10  # alert mails for each owner and day


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All of pipeline.yaml. `hash` names this text."""

    hash: str
    key: str
    name: Mapping[str, str]
    stages: tuple[Stage, ...]
    qualifying: Qualifying
    lost_reasons: tuple[NamedReason, ...] = ()
    return_reasons: tuple[NamedReason, ...] = ()
    product_line: str = ""
    currency: str = "VND"
    alerts: AlertLimits = AlertLimits()

    @property
    def first(self) -> Stage:
        """Where a new opportunity stands."""
        return self.stages[0]

    def stage(self, key: str) -> Stage | None:
        """The stage of this key."""
        return next((stage for stage in self.stages if stage.key == key), None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What qualification looks at."""

    engagement: int
    fit: int
    temperature: Temperature
    is_customer: bool
    rule_holds: bool | None = None  # what the extra rule says; None: there is none
    rule_seen: Any = None
    has_open: bool = False
    closed_at: datetime | None = None  # the last one's end, in this pipeline and product line


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition: what is needed, what was seen, whether it holds, and the reason if it does not."""

    key: str
    needed: Any
    seen: Any
    holds: bool
    reason: Reason

    def plain(self) -> dict[str, Any]:
        """As it is stored with the opportunity."""
        return {"key": self.key, "needed": self.needed, "seen": self.seen, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Qualification:
    """The verdict on a candidate, criterion by criterion."""

    criteria: tuple[Criterion, ...]

    @property
    def holds(self) -> bool:
        """Whether every criterion holds."""
        return all(criterion.holds for criterion in self.criteria)

    @property
    def missing(self) -> Criterion | None:
        """The first criterion that does not hold."""
        return next((criterion for criterion in self.criteria if not criterion.holds), None)


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A possible sale, as the services see one."""

    id: int
    public_id: str
    lead_id: int
    company_id: int | None
    owner_id: int | None
    pipeline: str
    product_line: str
    name: str
    stage: str
    state: OpportunityState
    value: int | None
    currency: str
    automatic: bool
    criteria: tuple[Mapping[str, Any], ...]
    cause: str
    reason: str
    next_step: str
    next_at: datetime | None
    opened_at: datetime
    accepted_at: datetime | None
    stage_since: datetime
    closed_at: datetime | None
    version: int

    @property
    def is_open(self) -> bool:
        """Whether it can still be won."""
        return self.state is OpportunityState.OPEN

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has done anything with it yet."""
        return self.version == 1 and self.accepted_at is None


@dataclass(frozen=True, slots=True)
class NewOpportunity:
    """An opportunity about to be opened. By hand: `automatic` is False and `owner_id` may be given."""

    lead_id: int
    name: str = ""
    product_line: str | None = None  # None: the pipeline's
    value: int | None = None
    owner_id: int | None = None
    next_step: str = ""
    next_at: datetime | None = None
    automatic: bool = False
    criteria: tuple[Criterion, ...] = field(default=())
