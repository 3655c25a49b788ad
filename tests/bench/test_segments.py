"""The measurement of segments does its work; how long it took is nobody's business here."""

from nurture.bench.kinds import segments
from nurture.bench.model import Size
from nurture.bench.place import place


def test_a_small_measurement_fills_and_keeps_a_segment() -> None:
    """Members join from nothing, and new activities move some."""
    with place() as here:
        full, kept = segments.run(here, Size(0.002))
    assert full.what == "segments.full"
    assert full.of == "2,000 leads, 40,000 activities"
    assert full.notes["members"] > 0
    assert kept.notes["moved"] > 0
    assert full.naive
    assert kept.naive
