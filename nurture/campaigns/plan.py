"""What applying a folder would change, said exactly. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nurture.campaigns.model import Campaign, Step
from nurture.kernel.i18n import N_, translate, translate_plural


class What(StrEnum):
    """What happens to one definition."""

    NEW = "new"
    CHANGED = "changed"
    TEXTS = "texts"  # names or comments only; nothing moves
    UNCHANGED = "unchanged"


class StepChange(StrEnum):
    """What happens to one step."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One definition: a campaign, a segment, or a shared file."""

    kind: str  # campaign | segment | scoring | pipeline
    key: str
    what: What
    steps: tuple[tuple[str, StepChange], ...] = ()
    parts: tuple[str, ...] = ()  # other parts that change: entry, goal, exit_when, sending
    under_way: int = 0  # leads who keep the revision they are on
    existing: int | None = None  # leads in the entry segment now whom a first publish enrolls

    @property
    def matters(self) -> bool:
        """Whether applying does anything at all."""
        return self.what is not What.UNCHANGED

    def sentences(self, language: str) -> list[str]:
        """The change in words, one fact each."""
        found = [translate(language, _WHATS[self.what], kind=translate(language, _KINDS[self.kind]), key=self.key)]
        found += [translate(language, _STEPS[what], step=step) for step, what in self.steps]
        if self.parts:
            found.append(translate(language, "Changes in: %(parts)s", parts=", ".join(self.parts)))
        if self.existing is not None:
            one, many = "%(count)s lead of the segment enters now", "%(count)s leads of the segment enter now"
            found.append(translate_plural(language, one, many, self.existing))
        if self.under_way and self.what is What.CHANGED:
            one = "%(count)s lead under way keeps the revision it is on"
            many = "%(count)s leads under way keep the revision they are on"
            found.append(translate_plural(language, one, many, self.under_way))
        return found


_KINDS = {
    "campaign": N_("the campaign"),
    "segment": N_("the segment"),
    "scoring": N_("the scoring rules"),
    "pipeline": N_("the pipeline"),
}
_WHATS = {
    What.NEW: N_("New: %(kind)s “%(key)s”"),
    What.CHANGED: N_("Changed: %(kind)s “%(key)s”"),
    What.TEXTS: N_("Only names or comments change: %(kind)s “%(key)s”"),
    What.UNCHANGED: N_("Nothing changes: %(kind)s “%(key)s”"),
}
_STEPS = {
    StepChange.ADDED: N_("Step “%(step)s” is added"),
    StepChange.REMOVED: N_("Step “%(step)s” is removed"),
    StepChange.CHANGED: N_("Step “%(step)s” changes"),
    StepChange.MOVED: N_("Step “%(step)s” moves"),
}
_PARTS = ("entry", "goal", "exit_when", "sending", "language")


def step_changes(before: Campaign | None, after: Campaign) -> tuple[tuple[str, StepChange], ...]:
    """Each step that is added, removed, changed or moved; none for a new campaign."""
    if before is None:
        return ()
    places, now = _places(before.steps), _places(after.steps)
    found = [(one, StepChange.REMOVED) for one in before.steps if one not in after.steps]
    for key, step in after.steps.items():
        old = before.steps.get(key)
        if old is None:
            found.append((key, StepChange.ADDED))
        elif (old.kind, old.config) != (step.kind, step.config):
            found.append((key, StepChange.CHANGED))
        elif places[key] != now[key] and places[key] in after.steps:
            found.append((key, StepChange.MOVED))
    return tuple(found)


def _places(steps: Mapping[str, Step]) -> dict[str, str]:
    """What stands before each step: the step above it on its way, or the way itself."""
    above: dict[str, str] = {}
    last: dict[str, str] = {}
    for key, step in steps.items():
        above[key] = last.get(step.way, step.way)
        last[step.way] = key
    return above


def changed_parts(before: Campaign | None, after: Campaign) -> tuple[str, ...]:
    """Which parts besides the steps change."""
    if before is None:
        return ()
    return tuple(part for part in _PARTS if before.data.get(part) != after.data.get(part))
