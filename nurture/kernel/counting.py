"""What this process has counted since it began: plain numbers in memory, read by /metrics and by the health page.

A family has a name, a sentence, and labels of a few fixed words; addresses, names and ids are never labels. At most
`MOST` combinations of a family are kept apart, the others count as `other`.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nurture.kernel.clock import SystemClock

MOST = 60
OTHER = "other"
BOUNDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)  # seconds

_monotonic = SystemClock().monotonic
_turn = threading.Lock()


class Counter:
    """Numbers that only grow, one for each combination of labels."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.help_text = help_text
        self.labels = tuple(labels)
        self._values: dict[tuple[str, ...], float] = {}
        COUNTERS.append(self)

    def add(self, *labels: str, count: float = 1) -> None:
        """Count so many more of this combination of labels."""
        if not count:
            return
        with _turn:
            key = labels if labels in self._values or len(self._values) < MOST else (OTHER,) * len(self.labels)
            self._values[key] = self._values.get(key, 0) + count

    def values(self) -> Mapping[tuple[str, ...], float]:
        """As they stand."""
        with _turn:
            return dict(self._values)

    def total(self) -> float:
        """Of all labels."""
        with _turn:
            return sum(self._values.values())


@dataclass(frozen=True, slots=True)
class Spans:
    """How many there were of at most each bound's seconds (the last: of any), their sum, and the latest."""

    within: tuple[int, ...]
    total: float
    latest: float

    @property
    def count(self) -> int:
        """How many in all."""
        return self.within[-1]


class Timer:
    """How long something took, each time."""

    def __init__(self, name: str, help_text: str) -> None:
        self.name = name
        self.help_text = help_text
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = self._latest = 0.0
        TIMERS.append(self)

    def note(self, seconds: float) -> None:
        """It took so long."""
        place = next((index for index, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with _turn:
            self._counts[place] += 1
            self._total += seconds
            self._latest = seconds

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Note how long the block takes, also when it fails."""
        begun = _monotonic()
        try:
            yield
        finally:
            self.note(_monotonic() - begun)

    def spans(self) -> Spans:
        """As they stand, cumulative over the bounds."""
        with _turn:
            counts, total, latest = list(self._counts), self._total, self._latest
        within, so_far = [], 0
        for count in counts:
            so_far += count
            within.append(so_far)
        return Spans(tuple(within), total, latest)


COUNTERS: list[Counter] = []
TIMERS: list[Timer] = []

SENDS = Counter("nurture_sends", "Messages settled by this process", ("route", "outcome"))
HITS = Counter("nurture_hits", "Opens and clicks that this process kept", ("kept",))  # database | disk | memory
VERDICTS = Counter("nurture_verdicts", "Opens and clicks judged by this process", ("kind", "verdict"))
STEPS = Counter("nurture_steps", "What ticks of this process did", ("did",))
REACTIONS = Counter("nurture_reactions", "Activities this process has reacted to", ("outcome",))
FAILURES = Counter("nurture_failures", "Turns of loops that failed and were put off", ("loop",))
TURNS = Counter("nurture_turns", "What loops of this process have done", ("loop",))
TICKS = Timer("nurture_tick_seconds", "How long a tick takes")
WRITER_WAITS = Timer("nurture_writer_wait_seconds", "How long a writer waits for its turn on SQLite")
