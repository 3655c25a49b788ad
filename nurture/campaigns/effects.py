"""What a step may answer: a closed union of outcomes and of effects. Kinds of steps are open, these are not. Pure.

`RESTS` of an effect says whether a later step might see what it changes, so that it waits until that is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from nurture.kernel.reasons import Reason
from nurture.rules.facts import Facts, View
from nurture.tasks.model import TaskKind


class IfHeld(StrEnum):
    """What becomes of an email that may not go when it is due."""

    WAIT = "wait"  # it goes as soon as it may, and the enrollment waits with it
    SKIP = "skip"  # it is left out, with the reason


@dataclass(frozen=True, slots=True)
class WriteMessage:
    """Write one email for the lead: one message for this (enrollment, step, occurrence), under the sending policy."""

    RESTS: ClassVar[bool] = True
    email: str
    if_held: IfHeld = IfHeld.WAIT


@dataclass(frozen=True, slots=True)
class AddTag:
    """Give the lead a tag."""

    RESTS: ClassVar[bool] = True
    tag: str


@dataclass(frozen=True, slots=True)
class NotifyOwner:
    """Write to the lead's owner: a note in the words of the campaign's author."""

    RESTS: ClassVar[bool] = False
    note: Mapping[str, str]  # by language


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Take a tag off the lead."""

    RESTS: ClassVar[bool] = True
    tag: str


@dataclass(frozen=True, slots=True)
class ChangeField:
    """Set a fact of the lead, or empty it with None. `field` is `lifecycle`, a built-in one, or `fields.<own key>`."""

    RESTS: ClassVar[bool] = True
    field: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class ChangeScore:
    """Give or take points on one axis: one line of the ledger for this (enrollment, step, occurrence)."""

    RESTS: ClassVar[bool] = True
    axis: str  # engagement | fit
    points: int
    reason: Mapping[str, str] = field(default_factory=dict)  # by language


@dataclass(frozen=True, slots=True)
class AssignOwner:
    """Give the lead to a member of staff, or by the rule of automatic assignment when none is named."""

    RESTS: ClassVar[bool] = True
    email: str | None = None
    only_if_none: bool = False  # a lead that has an owner keeps them


@dataclass(frozen=True, slots=True)
class OpenOpportunity:
    """Open an opportunity as the automatic one of this lead; or only propose it to the owner."""

    RESTS: ClassVar[bool] = True
    propose: bool = False
    name: str = ""
    product_line: str | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class JoinSegment:
    """Put the lead into a segment that is kept by hand."""

    RESTS: ClassVar[bool] = True
    segment: str


@dataclass(frozen=True, slots=True)
class LeaveSegment:
    """Take the lead out of a segment that is kept by hand."""

    RESTS: ClassVar[bool] = True
    segment: str


@dataclass(frozen=True, slots=True)
class Enroll:
    """Let the lead enter another campaign, where that one lets it in."""

    RESTS: ClassVar[bool] = True
    campaign: str


@dataclass(frozen=True, slots=True)
class Unenroll:
    """Let the lead leave another campaign."""

    RESTS: ClassVar[bool] = True
    campaign: str


@dataclass(frozen=True, slots=True)
class GiveTask:
    """Give a person something to do about the lead: one task for this (enrollment, step, occurrence)."""

    RESTS: ClassVar[bool] = False
    kind: TaskKind
    title: Mapping[str, str]  # by language
    note: Mapping[str, str]
    due: timedelta
    email: str = ""  # of the member of staff it is for; empty: the lead's owner
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # outcomes listed, as people read them
    waits: bool = False  # the enrollment waits for what comes of it


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Cancel the task that this step has given: nobody has done it in time."""

    RESTS: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Tell another system: one call for this (enrollment, step, occurrence)."""

    RESTS: ClassVar[bool] = False
    url: str
    name: str
    send: tuple[str, ...] = ()  # what is told of the lead; empty: all


@dataclass(frozen=True, slots=True)
class SendSms:
    """Send the lead a text message: one call for this (enrollment, step, occurrence), under the sending policy."""

    RESTS: ClassVar[bool] = False
    text: Mapping[str, str]  # by language
    if_held: IfHeld = IfHeld.WAIT


_HOME = ZoneInfo("Asia/Ho_Chi_Minh")

Effect: TypeAlias = (
    WriteMessage
    | AddTag
    | NotifyOwner
    | RemoveTag
    | ChangeField
    | ChangeScore
    | AssignOwner
    | OpenOpportunity
    | JoinSegment
    | LeaveSegment
    | Enroll
    | Unenroll
    | GiveTask
    | CancelTask
    | CallWebhook
    | SendSms
)


@dataclass(frozen=True, slots=True)
class Go:
    """The step is done, the lead goes on, by a way or straight. `outcome` is the word kept of it.

    `at` is the planned instant of going on where it is another than the one looked at: when the awaited thing
    happened. `again` begins another round: the steps that follow may have been passed before. `remember` is kept with
    the enrollment from now on.
    """

    way: str = ""
    outcome: str = "done"
    effects: tuple[Effect, ...] = ()
    at: datetime | None = None
    again: bool = False
    remember: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """The lead stays at this step until then, the new planned instant. The step is asked again.

    Effects of a hold are done on each look, so they must be keyed by (enrollment, step, occurrence).
    """

    until: datetime
    reason: Reason | None = None  # None: that is what the step is for
    detail: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """The lead leaves the campaign."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


Outcome: TypeAlias = Go | Hold | Leave


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Moment(NamedTuple):
    """What a step sees: instants of engine time, and the lead."""

    now: datetime  # when we look
    planned: datetime  # what this look was planned for, not after `now`
    arrived: datetime  # the planned instant at which the lead came to this step
    mailed: datetime | None  # when the last mail of this enrollment really went
    view: View  # what rules see of the lead
    facts: Facts
    step: str = ""  # the id of this step
    occurrence: int = 1  # which round of the lead
    lead_key: str = ""  # the lead's public id: what a stable draw is made from
    zone: ZoneInfo = _HOME  # the lead's
    memory: Mapping[str, Any] = _NOTHING  # what steps of this enrollment have remembered
    answer: Mapping[str, Any] | None = None  # what came of what this step asked for: a task's or webhook's outcome
    chosen: str = ""  # the way that has won, of a step that compares ways
    early: bool = False  # something relevant happened before the planned instant
    entered: datetime | None = None  # when the lead entered the campaign

    def after(self, span: timedelta) -> datetime:
        """When a wait of this length is over. It counts from the arrival; from the last mail only when that went so
        late that less than half of the wait would lie behind it, so that two mails never arrive side by side.
        """
        until = self.arrived + span
        if self.mailed is not None and until - self.mailed < span / 2:
            return self.mailed + span
        return until
