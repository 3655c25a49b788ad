"""What a step may answer: a closed union of outcomes and of effects. Kinds of steps are open, these are not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from nurture.kernel.reasons import Reason
from nurture.rules.facts import Facts, View


@dataclass(frozen=True, slots=True)
class WriteMessage:
    """Write one email for the lead: one message for this (enrollment, step, occurrence), under the sending policy."""

    email: str


@dataclass(frozen=True, slots=True)
class AddTag:
    """Give the lead a tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class NotifyOwner:
    """Write to the lead's owner: a note in the words of the campaign's author."""

    note: Mapping[str, str]  # by language


Effect: TypeAlias = WriteMessage | AddTag | NotifyOwner


@dataclass(frozen=True, slots=True)
class Go:
    """The step is done, the lead goes on, by a way or straight. `outcome` is the word kept of it."""

    way: str = ""
    outcome: str = "done"
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """The lead stays at this step until then, the new planned instant. The step is asked again."""

    until: datetime
    reason: Reason | None = None  # None: that is what the step is for
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leave:
    """The lead leaves the campaign."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


Outcome: TypeAlias = Go | Hold | Leave


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step sees: instants of engine time, and the lead."""

    now: datetime  # when we look
    planned: datetime  # what this look was planned for, not after `now`
    arrived: datetime  # the planned instant at which the lead came to this step
    mailed: datetime | None  # when the last mail of this enrollment really went
    view: View  # what rules see of the lead
    facts: Facts
