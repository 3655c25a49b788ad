"""How cost grows with size: send, tick, segments and pages at several sizes, drawn as curves (I/O).

Segments and pages share a house of so many leads with two activities each; a tick and a send have so many enrollments
and mails due. Nothing may grow faster than its work: a slope of 1 on logarithmic axes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nurture.bench.curves import Curve, drawing
from nurture.bench.house import furnish
from nurture.bench.kinds import segments, send, tick, web
from nurture.bench.model import Figure, Size
from nurture.bench.place import Place, figured, place
from nurture.bench.world import Plan
from nurture.kernel.i18n import N_, translate

SIZES = (10_000, 100_000, 1_000_000)
MOST = {"send": 100_000}  # more takes minutes and says the same
STEEPEST = 1.1  # with the noise of a machine that does other things as well
_NAMES: Mapping[str, str] = {
    "send": N_("mails sent"),
    "tick": N_("enrollments due"),
    "segments": N_("a segment from nothing"),
    "web": N_("a page"),
}


def growth(
    address: str, sizes: Sequence[int] = SIZES, kinds: Sequence[str] = tuple(_NAMES),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Curve]:  # fmt: skip
    """A curve of seconds by size for each of these kinds, on SQLite or on the server at the address."""
    points: dict[str, dict[int, float]] = {kind: {} for kind in kinds}
    for size in sizes:
        found: dict[str, float] = {}
        for kind, full, run in (("send", send.MAILS, send.run), ("tick", tick.DUE, tick.run)):
            if kind in kinds and size <= MOST.get(kind, size):
                with place(address) as here:
                    found[kind] = _seconds(run(here, Size(size / full))[0], size)
        if {"segments", "web"} & set(kinds):
            with place(address) as here:
                found |= {kind: one for kind, one in _of_house(here, size).items() if kind in kinds}
        for kind, seconds in found.items():
            points[kind][size] = seconds
            say(f"{size:,} {kind}: {seconds:.4f} s")
    return {kind: Curve(kind, found) for kind, found in points.items()}


def _seconds(figure: Figure, size: int) -> float:
    """What all of it took."""
    if figure.unit == "/s":
        return size / figure.value
    return figure.value / 1000 if figure.unit == "ms" else figure.value


def _of_house(here: Place, size: int) -> dict[str, float]:
    """The segment, and the middle one of all looks at lists."""
    with here.context() as ctx:
        house = furnish(ctx, Plan(size, size * 2, size, size, size // 50))
        figured(ctx.database)
        pages = web.measured(ctx, here, house, size, 5)
        segment = segments.measured(ctx, house.now, size, size * 2)
    return {"segments": segment[0].value, "web": (pages[0].p50 or 0.0) / 1000}


def too_steep(curves: Mapping[str, Curve]) -> list[str]:
    """The kinds that grow faster than their work."""
    return [kind for kind, one in curves.items() if one.slope is not None and one.slope > STEEPEST]


def draw(curves: Mapping[str, Curve], path: Path, engine: str, language: str) -> Path:
    """Write the picture; gives its file."""
    named = [Curve(translate(language, _NAMES[kind]), one.points) for kind, one in curves.items()]
    title = translate(language, N_("How cost grows on %(engine)s; in brackets the slope, 1 grows as the work does"),
                      engine=engine)  # fmt: skip
    across, up = translate(language, N_("leads, enrollments or mails")), translate(language, N_("how long it takes"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(drawing(named, title, across, up), "utf-8")
    return path
