"""How cost grows is measured at several sizes and drawn."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from nurture.bench.curves import Curve, drawing
from nurture.bench.growth import draw, growth, too_steep


@pytest.mark.parametrize(
    ("points", "slope"),
    [
        ({10: 1.0, 100: 10.0, 1000: 100.0}, 1.0),
        ({10: 1.0, 1000: 1.0}, 0.0),
        ({10: 1.0, 100: 100.0}, 2.0),
    ],
    ids=["as the work", "not at all", "as its square"],
)
def test_the_slope_says_how_cost_grows(points: dict[int, float], slope: float) -> None:
    """On logarithmic axes a power is a straight line."""
    assert Curve("x", points).slope == pytest.approx(slope)


def test_what_grows_faster_than_its_work_is_named() -> None:
    """One point has no slope, and is not named."""
    curves = {
        "tick": Curve("tick", {10: 1, 100: 100}),
        "web": Curve("web", {10: 1, 100: 1}),
        "send": Curve("s", {9: 1}),
    }
    assert too_steep(curves) == ["tick"]


def test_the_picture_is_well_formed_and_tells_its_figures() -> None:
    """Names are text, whatever stands in them."""
    text = drawing([Curve("<a> & b", {10: 0.001, 100: 0.02}), Curve("c", {10: 2.0})], "T & t", "across", "up")
    root = ElementTree.fromstring(text)  # noqa: S314 - our own
    described = next(one.text or "" for one in root.iter() if one.tag.endswith("desc"))
    assert described == "<a> & b: 10: 1 ms, 100: 20 ms; c: 10: 2 s"
    assert sum(one.tag.endswith("polyline") for one in root.iter()) == 2


def test_growth_is_measured_at_each_size(tmp_path: Path) -> None:
    """One small curve through the real work."""
    curves = growth("", (100, 200), ("tick",))
    assert sorted(curves["tick"].points) == [100, 200]
    path = draw(curves, tmp_path / "docs" / "growth-sqlite.svg", "SQLite", "en")
    assert "enrollments due" in path.read_text("utf-8")
