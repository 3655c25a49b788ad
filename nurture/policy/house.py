"""The policy of the whole house: what holds for every campaign and broadcast, besides their own. Values, no I/O."""

from dataclasses import dataclass, field
from datetime import timedelta

from nurture.policy.caps import Cap
from nurture.policy.days import Calendar
from nurture.policy.windows import Window

# Classes that a policy may hold back; what answers the lead's own act is none of them.
CLASSES = ("advertising", "care", "deal")


@dataclass(frozen=True, slots=True)
class House:
    """Window, closed days, cap, least gap, and from when on a late start needs a person. Absent parts allow all."""

    window: Window | None = None
    calendar: Calendar = field(default_factory=Calendar)
    cap: Cap | None = None
    gap: timedelta | None = None
    late_start: timedelta | None = None
    classes: frozenset[str] = frozenset(CLASSES)

    def of(self, message_class: str) -> "House":
        """What of it holds for mails of this class."""
        return self if message_class in self.classes and message_class in CLASSES else OPEN

    @property
    def looks_back(self) -> timedelta | None:
        """How far back a lead's mails matter; None when they do not."""
        spans = [one for one in (self.cap.span if self.cap else None, self.gap) if one is not None]
        return max(spans, default=None)


OPEN = House()
