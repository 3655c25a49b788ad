"""Where leads under way come to stand when a campaign changes: by step id, decided from two definitions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nurture.campaigns.model import Campaign


class UnderWay(StrEnum):
    """What happens to the leads under way when a campaign changes."""

    KEEP = "keep"  # they go on by the revision they are on
    MOVE = "move"  # they go on by the new one, from the step of the same id
    RESTART = "restart"  # they leave, and come in anew


class Standing(StrEnum):
    """How a step of the old definition is met in the new one."""

    SAME = "same"  # it stays as it is: times and holds stay, too
    CHANGED = "changed"  # it is asked anew, as if the lead had come to it when it did
    GONE = "gone"  # the next step that is left takes the lead now; none: the campaign is done for them


@dataclass(frozen=True, slots=True)
class Landing:
    """The step on which those stand who were at another; None is the end.

    `anew`: a step of another kind stands there under the same id. What was done at the old one is nothing that the new
    one has done, so that another round begins.
    """

    step: str | None
    standing: Standing
    anew: bool = False


def landing(before: Campaign, after: Campaign, step: str | None) -> Landing:
    """Where a lead at this step of the old definition lands in the new one."""
    if step is None:
        return Landing(None, Standing.SAME)
    if step in after.steps:
        old, new = before.steps.get(step), after.steps[step]
        same = old is not None and (old.kind, old.config) == (new.kind, new.config)
        anew = old is not None and old.kind != new.kind
        return Landing(step, Standing.SAME if same else Standing.CHANGED, anew)
    return Landing(_left_of(before, after, step), Standing.GONE)


def _left_of(before: Campaign, after: Campaign, step: str) -> str | None:
    """The first step after this one, straight on, that there still is."""
    seen: set[str] = set()
    at: str | None = step
    while at is not None and at not in seen:
        if at in after.steps:
            return at
        seen.add(at)
        at = before.steps[at].next if at in before.steps else None
    return None


@dataclass(frozen=True, slots=True)
class Landed:
    """So many leads who stand at a step, and where a move would take them."""

    step: str | None
    count: int
    landing: Landing

    def to_json(self) -> Mapping[str, object]:
        """For scripts."""
        return {
            "step": self.step,
            "count": self.count,
            "lands": self.landing.step,
            "standing": self.landing.standing.value,
        }
