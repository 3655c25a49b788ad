"""What a measurement gives: figures with their aim and the naive way's figure, as values. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

_LESS_IS_BETTER = frozenset({"s", "ms", "us", "MB", "GB"})


@dataclass(frozen=True, slots=True)
class Size:
    """How large a measurement is made: `scale` 1 is what the aims are for."""

    scale: float = 1.0

    def of(self, full: int, least: int = 1) -> int:
        """That many at scale 1; never fewer than `least`."""
        return max(least, round(full * self.scale))


@dataclass(frozen=True, slots=True)
class Part:
    """What one process took: seconds of CPU over the measured time, and its peak memory in MB (10^6 bytes)."""

    name: str
    cpu: float
    peak: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Part":
        """Out of JSON."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what was measured, beside what it should be and what the naive way took in the same run.

    `unit` is `/s`, `s`, `ms`, `us`, `MB` or `GB`; of all but `/s` less is better. `naive` is in the same unit.
    """

    what: str  # a key such as `send` or `send.dkim`
    value: float
    unit: str
    of: str = ""  # how much was done: "100,000 mails of 23 KB"
    aim: float | None = None
    naive: float | None = None
    p50: float | None = None  # ms
    p99: float | None = None  # ms
    parts: Sequence[Part] = field(default_factory=tuple)
    notes: Mapping[str, Any] = field(default_factory=dict)  # further numbers by name

    @property
    def less_is_better(self) -> bool:
        """Whether a small value is the good one."""
        return self.unit in _LESS_IS_BETTER

    @property
    def ratio(self) -> float | None:
        """How many times better than the naive way."""
        if not self.naive or not self.value:
            return None
        return self.naive / self.value if self.less_is_better else self.value / self.naive

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached, with 10 % for the noise; None without an aim."""
        if self.aim is None:
            return None
        return self.value <= self.aim * 1.1 if self.less_is_better else self.value >= self.aim * 0.9

    def to_json(self) -> dict[str, Any]:
        """As data for scripts."""
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> "Figure":
        """Out of what `to_json` gave."""
        known = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**{**known, "parts": tuple(map(Part.of, data.get("parts", ())))})


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the sorted `values` lies (nearest rank). ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]
