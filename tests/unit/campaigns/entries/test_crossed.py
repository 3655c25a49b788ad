"""The entry crossed takes in whose score reaches a level."""

import pytest

from nurture.campaigns.entries import crossed
from nurture.campaigns.signals import Level
from tests.unit.campaigns.ground import reading


@pytest.mark.parametrize("axis", ["engagement", "fit", "score"])
def test_it_names_an_axis_and_points(axis: str) -> None:
    """And the rule of those above."""
    config = crossed.read(reading(), {axis: 70}, "entry.crossed")
    assert crossed.level(config) == Level(axis, 70)
    assert crossed.standing(config) is not None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"engagement": 70, "fit": 3}, "no_level", id="two axes"),
        pytest.param({}, "no_level", id="none"),
        pytest.param(70, "not_a_mapping", id="bare points"),
        pytest.param({"engagement": 0}, "not_a_number", id="zero is nothing to reach"),
        pytest.param({"engagement": True}, "not_a_number", id="no number"),
        pytest.param({"heat": 3}, "unknown_key", id="no axis"),
    ],
)
def test_what_is_no_level_is_a_finding(value: object, code: str) -> None:
    """With its mend."""
    one = reading()
    crossed.read(one, value, "entry.crossed")
    assert code in [problem.code for problem in one.problems]


def test_it_says_so() -> None:
    """In both languages."""
    config = crossed.read(reading(), {"engagement": 70}, "x")
    assert crossed.describe(config, "en") == "Leads whose engagement reaches 70 points."
    assert crossed.describe(config, "vi") == "Khách có điểm tương tác đạt 70."
