"""Draws how cost grows: curves on two logarithmic axes, as SVG that reads in light and in dark. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_WIDE, _HIGH = 720, 420
_LEFT, _RIGHT, _TOP, _BELOW = 70, 170, 44, 52
_COLORS = (("#0b63c5", "#6cb2ff"), ("#b3261e", "#ff8a80"), ("#1a7f37", "#6fdd8b"), ("#8250df", "#c9a5ff"))
_MARKS = ("circle", "square", "diamond", "triangle")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


@dataclass(frozen=True, slots=True)
class Curve:
    """Seconds by size, and how they grow: `slope` 1 is as fast as the work, below 1 slower."""

    name: str
    points: Mapping[int, float]

    @property
    def slope(self) -> float | None:
        """Of the line through the points on logarithmic axes (least squares); None of fewer than two points."""
        if len(self.points) < 2:
            return None
        xs = [math.log10(size) for size in self.points]
        ys = [math.log10(max(seconds, 1e-9)) for seconds in self.points.values()]
        middle, height = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((x - middle) ** 2 for x in xs)
        return sum((x - middle) * (y - height) for x, y in zip(xs, ys, strict=True)) / spread if spread else None


def drawing(curves: Sequence[Curve], title: str, across: str, up: str) -> str:
    """The picture, with what it shows as its text for whoever cannot see it."""
    drawn = [one for one in curves if one.points]
    if not drawn:
        raise ValueError("no points")
    sizes = [size for one in drawn for size in one.points]
    times = [max(seconds, 1e-9) for one in drawn for seconds in one.points.values()]
    frame = _Frame(*_decades(sizes), *_decades(times))
    told = "; ".join(_told(one) for one in drawn)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(told)}</desc>',
        _style(len(drawn)),
        f'<rect class="page" width="{_WIDE}" height="{_HIGH}"/>',
        f'<text class="title" x="{_LEFT}" y="24">{escape(title)}</text>',
        *_grid(frame),
        f'<text x="{(_LEFT + _WIDE - _RIGHT) // 2}" y="{_HIGH - 12}" text-anchor="middle">{escape(across)}</text>',
        _sideways(escape(up)),
    ]
    ends = _spread([frame.y(list(one.points.values())[-1]) for one in drawn])
    for number, (one, end) in enumerate(zip(drawn, ends, strict=True)):
        parts += _curve(one, number, frame, end)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Frame:
    first: int  # decades
    last: int
    low: int
    high: int

    def x(self, size: float) -> float:
        return _LEFT + (math.log10(size) - self.first) / (self.last - self.first) * (_WIDE - _LEFT - _RIGHT)

    def y(self, seconds: float) -> float:
        share = (math.log10(max(seconds, 1e-9)) - self.low) / (self.high - self.low)
        return _HIGH - _BELOW - share * (_HIGH - _TOP - _BELOW)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(low + 1, math.ceil(math.log10(max(values)) - 1e-9))


def _style(count: int) -> str:
    light = "".join(f".c{n}{{stroke:{_COLORS[n % 4][0]};fill:{_COLORS[n % 4][0]}}}" for n in range(count))
    dark = "".join(f".c{n}{{stroke:{_COLORS[n % 4][1]};fill:{_COLORS[n % 4][1]}}}" for n in range(count))
    return (
        "<style>text{font:13px system-ui,sans-serif;fill:#1f2328;stroke:none}.title{font-weight:600;font-size:15px}"
        ".page{fill:#ffffff}.grid{stroke:#d0d7de;stroke-width:1}.line{fill:none!important;stroke-width:2.5}"
        f"{light}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.page{{fill:#0d1117}}.grid{{stroke:#30363d}}{dark}}}"
        "</style>"
    )


def _grid(frame: _Frame) -> list[str]:
    parts = []
    for decade in range(frame.first, frame.last + 1):
        x = frame.x(10**decade)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HIGH - _BELOW}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HIGH - _BELOW + 18}" text-anchor="middle">{10**decade:,}</text>')
    for decade in range(frame.low, frame.high + 1):
        y = frame.y(10.0**decade)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDE - _RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_time(10.0**decade)}</text>')
    return parts


def _curve(one: Curve, number: int, frame: _Frame, end: float) -> list[str]:
    places = [(frame.x(size), frame.y(seconds)) for size, seconds in sorted(one.points.items())]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    slope = f" ({one.slope:.2f})" if one.slope is not None else ""
    return [
        f'<polyline class="line c{number}" points="{line}"/>',
        *(_mark(_MARKS[number % 4], x, y, number) for x, y in places),
        f'<text x="{_WIDE - _RIGHT + 12}" y="{end + 4:.1f}">{escape(one.name)}{slope}</text>',
    ]


def _mark(kind: str, x: float, y: float, number: int) -> str:
    """Told apart by its form as well as by its color."""
    if kind == "circle":
        return f'<circle class="c{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    corners = {
        "square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
        "triangle": ((0, -5), (5, 4), (-5, 4)),
    }[kind]
    return f'<polygon class="c{number}" points="{" ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners)}"/>'


def _sideways(text: str) -> str:
    middle = (_TOP + _HIGH - _BELOW) // 2
    return f'<text text-anchor="middle" transform="translate(16 {middle}) rotate(-90)">{text}</text>'


def _spread(heights: Sequence[float], gap: float = 18) -> list[float]:
    """Where labels stand so that none covers another, near where their curves end."""
    order = sorted(range(len(heights)), key=lambda one: heights[one])
    placed = list(heights)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    return placed


def _told(one: Curve) -> str:
    points = ", ".join(f"{size:,}: {_time(seconds)}" for size, seconds in sorted(one.points.items()))
    return f"{one.name}: {points}"


def _time(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit * 0.999:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 1e-6:.3g} µs"
