"""Temperature has a margin on the way down, and follows from the lines alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.leads.model import Temperature
from nurture.scoring.model import Thresholds
from nurture.scoring.temperature import band, middle, replay

COLD, WARM, HOT = Temperature.COLD, Temperature.WARM, Temperature.HOT
DEFAULT = Thresholds()


@pytest.mark.parametrize(
    ("engagement", "before", "after"),
    [
        pytest.param(29, COLD, COLD, id="just under warm"),
        pytest.param(30, COLD, WARM, id="warm begins"),
        pytest.param(20, WARM, WARM, id="warm holds down to its margin"),
        pytest.param(19, WARM, COLD, id="warm ends"),
        pytest.param(20, COLD, COLD, id="the margin warms nobody"),
        pytest.param(69, WARM, WARM, id="just under hot"),
        pytest.param(70, COLD, HOT, id="hot begins, from cold too"),
        pytest.param(55, HOT, HOT, id="hot holds down to its margin"),
        pytest.param(54, HOT, WARM, id="hot ends"),
        pytest.param(25, HOT, WARM, id="from hot into the margin of warm"),
        pytest.param(-5, HOT, COLD, id="below nothing"),
    ],
)
def test_a_band_is_entered_high_and_left_low(engagement: int, before: Temperature, after: Temperature) -> None:
    """Warm from 30 and no longer under 20, hot from 70 and no longer under 55."""
    assert band(engagement, before, DEFAULT) is after


@pytest.mark.parametrize("wanted", list(Temperature))
@pytest.mark.parametrize("before", list(Temperature))
def test_the_middle_of_a_band_lies_in_it_whatever_came_before(wanted: Temperature, before: Temperature) -> None:
    """A temperature set by hand stays as it was set."""
    assert band(middle(wanted, DEFAULT), before, DEFAULT) is wanted


@given(st.lists(st.integers(-50, 50), max_size=40))
def test_replaying_lines_gives_what_each_line_gave(points: list[int]) -> None:
    """The temperature of a ledger is that of its last line, step by step."""
    engagement, now = 0, COLD
    for more in points:
        engagement += more
        now = band(engagement, now, DEFAULT)
    assert replay(points, DEFAULT) is now
