"""What an enrollment is, where it stands, and what moves it: values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from nurture.campaigns.effects import Effect
from nurture.kernel.reasons import Reason
from nurture.policy.decide import Skip


class EnrollmentState(StrEnum):
    """One lead's way through one revision."""

    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"  # with the reason
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an enrollment stands when it is looked at. `step` None: past the last, waiting for its mail to go."""

    id: int
    campaign_id: int
    revision_id: int
    lead_id: int
    step: str | None
    occurrence: int
    planned_at: datetime
    arrived_at: datetime
    entered_at: datetime
    attempts: int = 0
    stirred: int = 0  # how often something relevant happened: a decision made before the last time is void
    held: Reason | None = field(default=None, compare=False)
    held_detail: Mapping[str, Any] = field(default_factory=dict, compare=False)
    memory: Mapping[str, Any] = field(default_factory=dict, compare=False)


class Passage(NamedTuple):
    """A step that was passed."""

    step: str
    occurrence: int
    outcome: str
    planned_at: datetime
    reason: str = ""


class Deed(NamedTuple):
    """An effect to be performed for the step it came from. `skip` says why a message is written as not sent."""

    step: str
    occurrence: int
    effect: Effect
    planned_at: datetime
    skip: Skip | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What an advance decided: where the enrollment stands then, what it passed, what is to be done."""

    state: EnrollmentState
    step: str | None
    occurrence: int
    planned_at: datetime
    arrived_at: datetime
    due_at: datetime | None
    reason: Reason | None = None  # why it ended
    detail: Mapping[str, Any] = field(default_factory=dict)
    held: Reason | None = None  # why it waits, besides its step
    held_detail: Mapping[str, Any] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    deeds: tuple[Deed, ...] = ()
    waits: bool = False  # for the message it has just written
    attempts: int = 0
    error: str | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
