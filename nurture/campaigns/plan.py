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
    """One definition: a campaign, a segment, a shared file, or an email in those of its languages that share a fate."""

    kind: str  # campaign | segment | scoring | pipeline | email
    key: str
    what: What
    steps: tuple[tuple[str, StepChange], ...] = ()
    parts: tuple[str, ...] = ()  # other parts that change: entry, goal, exit_when, sending, alerts, …
    languages: tuple[str, ...] = ()  # of an email
    under_way: int = 0  # leads who keep the revision they are on
    existing: int | None = None  # leads in the entry segment now whom a first publish enrolls
    waiting: int = 0  # emails written with this template that have not gone

    @property
    def matters(self) -> bool:
        """Whether applying does anything at all."""
        return self.what is not What.UNCHANGED

    def sentences(self, language: str) -> list[str]:
        """The change in words, one fact each."""
        found = [translate(language, _WHATS[self.what], subject=self._subject(language))]
        found += [translate(language, _STEPS[what], step=step) for step, what in self.steps]
        if self.parts:
            found.append(translate(language, "Changes in: %(parts)s", parts=", ".join(self.parts)))
        if self.existing is not None:
            one, many = "%(count)s lead of the segment enters now", "%(count)s leads of the segment enter now"
            found.append(translate_plural(language, one, many, self.existing))
        if self.waiting and self.what is What.CHANGED:
            one = "%(count)s email that waits will have the new text"
            many = "%(count)s emails that wait will have the new text"
            found.append(translate_plural(language, one, many, self.waiting))
        if self.under_way and self.what is What.CHANGED:
            one = "%(count)s lead under way keeps the revision it is on"
            many = "%(count)s leads under way keep the revision they are on"
            found.append(translate_plural(language, one, many, self.under_way))
        return found

    def _subject(self, language: str) -> str:
        """`the campaign “welcome”`, `the email “hello” (en, vi)`; of scoring and pipeline there is only one."""
        kind = translate(language, _KINDS[self.kind])
        named = kind if self.kind == self.key else f"{kind} “{self.key}”"
        return f"{named} ({', '.join(self.languages)})" if self.languages else named


_KINDS = {
    "campaign": N_("the campaign"),
    "segment": N_("the segment"),
    "fields": N_("the fields of your own"),
    "scoring": N_("the scoring rules"),
    "pipeline": N_("the pipeline"),
    "policy": N_("the policy of the house"),
    "email": N_("the email template"),
}
_WHATS = {
    What.NEW: N_("New: %(subject)s"),
    What.CHANGED: N_("Changed: %(subject)s"),
    What.TEXTS: N_("Only names or comments change: %(subject)s"),
    What.UNCHANGED: N_("Unchanged: %(subject)s"),
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


def changed_keys(before: object, after: object) -> tuple[str, ...]:
    """Which keys of a shared file change, in its order; none when one of the two is no mapping."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ()
    return tuple(str(key) for key in {**after, **before} if key not in before or before[key] != after.get(key))


def fate(*, same: bool, same_text: bool) -> What:
    """What happens to a definition that is live already: whether it says the same as before, and in the same text."""
    if not same:
        return What.CHANGED
    return What.UNCHANGED if same_text else What.TEXTS
