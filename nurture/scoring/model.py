"""What the score is made of: rules, thresholds, lines of the ledger. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from nurture.activities.model import Kind
from nurture.leads.model import Temperature
from nurture.rules.facts import Facts
from nurture.rules.model import Rule


class Axis(StrEnum):
    """The two axes of the score."""

    ENGAGEMENT = "engagement"  # what they did, decaying
    FIT = "fit"  # who they are


# Lines of the ledger that no rule of scoring.yaml writes.
DECAY = "decay"
REVERSAL = "reversal"
BY_HAND = "by_hand"
BY_CAMPAIGN = "by_campaign"
RESERVED = frozenset({DECAY, REVERSAL, BY_HAND, BY_CAMPAIGN})


@dataclass(frozen=True, slots=True)
class Threshold:
    """A band begins at `start` and is left only under `under`."""

    start: int
    under: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where warm and hot begin, and where they end."""

    warm: Threshold = Threshold(30, 20)
    hot: Threshold = Threshold(70, 55)


class Per(StrEnum):
    """Within what a limit counts."""

    LEAD = "lead"
    MESSAGE = "message"  # the message the activity belongs to
    LINK = "link"  # the same address of the same message


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a rule may count: `times` for each `per`, within the last `span` (None: ever)."""

    times: int
    per: Per = Per.LEAD
    span: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """The kind of activity a rule waits for; every part given must match."""

    kind: Kind
    emails: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    links: tuple[str, ...] = ()  # any of these stands in the address
    not_links: tuple[str, ...] = ()  # none of these stands in the address
    detail: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (key, any of these values)


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """Points for something that happened (`on`), or for a fact about the lead (`when`)."""

    key: str
    name: Mapping[str, str]
    axis: Axis
    points: int
    on: Awaited | None = None
    when: Rule | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Decay:
    """How engagement loses value: after `quiet` without a new line, once a day.

    Either `points` a day, or by half-life: a day takes round(engagement x (1 - 2^(-1/half_life))) points, and at least
    one, so that it ends at zero.
    """

    quiet: timedelta = timedelta(days=7)
    half_life: float | None = 30.0  # days
    points: int | None = None


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """All of scoring.yaml. `hash` names this text."""

    hash: str
    thresholds: Thresholds = Thresholds()
    decay: Decay | None = None
    rules: tuple[ScoringRule, ...] = ()
    facts: Facts | None = None  # what the rules' conditions ask; None where no rule has one

    def by_key(self, key: str) -> ScoringRule | None:
        """The rule of this key."""
        return next((rule for rule in self.rules if rule.key == key), None)


@dataclass(frozen=True, slots=True)
class Happened:
    """An activity as it is scored."""

    id: int
    lead_id: int
    kind: Kind
    occurred_at: datetime
    actor: str = "lead"
    cause: str = ""
    message_id: int | None = None
    campaign_key: str | None = None
    email_key: str | None = None
    url: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    withdrawn_at: datetime | None = None

    @property
    def cause_of_effects(self) -> str:
        """How effects name this activity as their cause."""
        return f"activity:{self.id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """The cached sums of a lead and what they make of it."""

    lead_id: int
    engagement: int
    fit: int
    temperature: Temperature


@dataclass(frozen=True, slots=True)
class Change:
    """What scoring one activity did: the standing before and after, and the lines written."""

    before: Standing
    after: Standing
    lines: tuple[int, ...] = ()

    @property
    def became_hot(self) -> bool:
        """Whether the lead crossed into hot."""
        return self.after.temperature is Temperature.HOT and self.before.temperature is not Temperature.HOT


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger, unfolded: what it gave, why, and the running sum of its axis after it."""

    id: int
    axis: Axis
    rule: str
    name: Mapping[str, str]  # the rule's name by language
    points: int
    running: int
    at: datetime
    actor: str
    cause: str
    reason: str
    reverses: int | None
    reversed_by: int | None
    detail: Mapping[str, Any]
    activity: Happened | None  # what it came from, where that was an activity
