"""The policy of the whole house: what holds for every campaign and broadcast, besides their own. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from nurture.kernel.reasons import Reason
from nurture.policy.caps import Cap
from nurture.policy.days import Calendar
from nurture.policy.windows import Window

# Classes that a policy may hold back; what answers the lead's own act is none of them.
CLASSES = ("advertising", "care", "deal")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something mail is about, so that a lead may refuse that alone."""

    key: str
    name: tuple[tuple[str, str], ...]  # by language


@dataclass(frozen=True, slots=True)
class House:
    """Window, closed days, cap, least gap, and from when on a late start needs a person. Absent parts allow all."""

    window: Window | None = None
    calendar: Calendar = field(default_factory=Calendar)
    cap: Cap | None = None
    gap: timedelta | None = None
    late_start: timedelta | None = None
    classes: frozenset[str] = frozenset(CLASSES)
    topics: tuple[Topic, ...] = ()  # what leads may refuse one by one, in the order in which they are offered

    def of(self, message_class: str) -> "House":
        """What of it holds for mails of this class."""
        return self if message_class in self.classes and message_class in CLASSES else OPEN

    def topic(self, key: str) -> Mapping[str, str] | str:
        """What people call a topic; its key where the house has it no more."""
        return next((dict(one.name) for one in self.topics if one.key == key and one.name), key)

    def named(self, why: tuple[Reason, Mapping[str, Any]]) -> tuple[Reason, Mapping[str, Any]]:
        """A reason with the topic as people call it, where it is about one."""
        if why[0] is not Reason.TOPIC_REFUSED:
            return why
        return why[0], {**why[1], "topic": self.topic(str(why[1].get("topic", "")))}

    @property
    def looks_back(self) -> timedelta | None:
        """How far back a lead's mails matter; None when they do not."""
        spans = [one for one in (self.cap.span if self.cap else None, self.gap) if one is not None]
        return max(spans, default=None)


OPEN = House()
