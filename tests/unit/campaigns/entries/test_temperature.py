"""The entry temperature takes in who warms up."""

import pytest

from nurture.activities.model import Kind
from nurture.campaigns.entries import temperature
from nurture.campaigns.signals import Signal
from tests.unit.campaigns.ground import NOW, reading


@pytest.mark.parametrize(
    ("to", "before", "after", "answer"),
    [
        pytest.param("hot", "warm", "hot", True, id="to hot"),
        pytest.param("hot", "cold", "warm", False, id="not far enough"),
        pytest.param("warm", "cold", "hot", True, id="past warm at once"),
        pytest.param("warm", "warm", "hot", False, id="was warm before"),
        pytest.param("warm", "hot", "warm", False, id="cooling down"),
    ],
)
def test_only_crossing_upward_counts(to: str, before: str, after: str, answer: bool) -> None:
    """By what they did or by hand."""
    config = temperature.read(reading(), to, "entry.temperature")
    signal = Signal(1, Kind.TEMPERATURE_CHANGED, NOW, "activity:1", {"before": before, "after": after})
    assert temperature.asks(config, signal) is answer


def test_one_cannot_warm_up_to_cold() -> None:
    """A finding."""
    one = reading()
    temperature.read(one, "cold", "entry.temperature")
    assert [problem.code for problem in one.problems] == ["unknown_value"]


def test_it_says_so() -> None:
    """In both languages."""
    assert temperature.describe(temperature.read(reading(), "hot", "x"), "en") == "Leads who become hot."
    assert temperature.describe(temperature.read(reading(), "warm", "x"), "vi") == "Khách trở nên ấm, hoặc nóng ngay."
