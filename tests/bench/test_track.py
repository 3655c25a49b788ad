"""The measurement of tracking does what it counts."""

from nurture.bench.kinds import track
from nurture.bench.model import Size
from nurture.bench.place import place


def test_every_click_that_was_answered_is_in_the_table() -> None:
    """The run itself looks, alone and beside a send; the naive way is measured with it."""
    with place() as here:
        figures = {one.what: one for one in track.run(here, Size(0.001))}
    assert set(figures) == {"track", "track.sending", "track.judge", "start"}
    assert figures["track"].of.startswith("80 clicks")
    assert figures["track"].naive
    assert figures["track.judge"].naive
    assert all(one.value > 0 for one in figures.values())
