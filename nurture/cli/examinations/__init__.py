"""What `nurture doctor` looks at, one file for each subject; all at once, so that what is dead holds up nothing else.

An examination takes a `Place` and gives findings. It has its own short patience; one that is not done in time is left
behind and said to be late.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.kernel.clock import Clock, SystemClock
from nurture.kernel.dns import Resolver
from nurture.kernel.findings import Finding, Level, Section
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings

SECONDS = 9.0  # for all of them together
_monotonic = SystemClock().monotonic


@dataclass(frozen=True, slots=True)
class Place:
    """What is examined. `resolver` is None where nothing outside may be asked."""

    settings: Settings
    resolver: Callable[[], Resolver] | None = None
    clock: Clock = field(default_factory=SystemClock)

    @property
    def is_offline(self) -> bool:
        """Whether nothing outside may be asked."""
        return self.resolver is None


Examination: TypeAlias = Callable[[Place], Iterable[Finding]]


def examine_all(place: Place, subjects: Mapping[str, Examination], seconds: float = SECONDS) -> list[Finding]:
    """The findings of all subjects in their order, within so many seconds."""
    found: dict[str, list[Finding]] = {}
    threads = [
        threading.Thread(target=_one, args=(place, key, one, found), name=f"doctor-{key}", daemon=True)
        for key, one in subjects.items()
    ]
    until = _monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - _monotonic()))
    return [finding for key in subjects for finding in found.get(key) or [_late(key)]]


def _one(place: Place, key: str, examine: Examination, found: dict[str, list[Finding]]) -> None:
    try:
        found[key] = list(examine(place)) or [Section(key).ok(N_("nothing to look at"))]
    except Exception as error:  # noqa: BLE001 - one examination that breaks hides no other
        mend = N_("tell us, with this line")
        what = N_("The examination itself failed: %(error)s")
        found[key] = [Section(key).wrong(what, mend, error=type(error).__name__)]


def _late(key: str) -> Finding:
    return Section(key).wrong(
        N_("No answer in %(seconds)s seconds"),
        N_("what it waits for is dead or cut off; see the other lines, then try again"),
        seconds=round(SECONDS),
    )


__all__ = ["SECONDS", "Examination", "Level", "Place", "examine_all"]
