"""What entries wait for: something that happened to a lead, a score that was reached, an instant that came. Values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nurture.activities.model import Kind


@dataclass(frozen=True, slots=True)
class Signal:
    """An activity, as an entry sees it. `cause` names what it goes back to."""

    lead_id: int
    kind: Kind
    at: datetime
    cause: str  # `activity:12`
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """A number of points on an axis of the score, to be reached from below. Axis `score` is the sum of both."""

    axis: str
    points: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """An instant at which leads come in. `name` makes it one: a local day, or a local wall time."""

    at: datetime
    name: str
