"""What performing works on (values): the scene of a chunk, an effect asked for, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from nurture.activities.model import Decided
from nurture.activities.service import Decision
from nurture.campaigns.effects import Effect
from nurture.engine.settle import Moved
from nurture.enrollments.model import Deed
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.leads.many import By

E = TypeVar("E", bound=Effect)


@dataclass(frozen=True, slots=True)
class Scene:
    """What performing needs besides the moves: the two times, the leads' rows, the emails there are."""

    now: datetime
    real: datetime
    settings: Settings
    rows: Mapping[int, Any]
    languages: Mapping[str, Sequence[str]]  # of each published email


@dataclass(frozen=True, slots=True)
class Asked(Generic[E]):
    """One effect that an enrollment's step asks for."""

    one: Moved
    deed: Deed
    effect: E

    @property
    def lead_id(self) -> int:
        """Whom it is for."""
        return self.one.place.lead_id

    @property
    def enrollment(self) -> str:
        """The enrollment, written as a cause."""
        return f"enrollment:{self.one.place.id}"

    @property
    def cause(self) -> str:
        """What makes it happen once: enrollment, step and round, written as a cause."""
        return f"{self.enrollment}/{self.deed.step}/{self.deed.occurrence}"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of all effects of one kind."""

    waiting: Mapping[int, int] = field(default_factory=dict)  # the message that each enrollment waits for
    queued: int = 0  # mails written for delivery


def by(asked: Sequence[Asked[Any]], scene: Scene) -> By:
    """Who changes the leads of these effects, as `leads.many` takes it; of two for one lead the later is the cause."""
    causes = {each.lead_id: (each.cause, each.one.key) for each in asked}
    return By("engine", scene.now, scene.real, causes)


def refused(each: Asked[Any], reason: Reason, scene: Scene, **detail: Any) -> Decision:
    """That a step could not do what it is for."""
    return Decision(Decided.STEP, each.cause, "no", reason, scene.now, each.lead_id, each.cause, detail)
