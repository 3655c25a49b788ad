"""The step change_score gives points with a reason."""

from typing import Any

import pytest

from nurture.campaigns.effects import ChangeScore, Go
from nurture.campaigns.steps import change_score
from tests.unit.campaigns.ground import moment, reading

GOOD = {"axis": "fit", "points": -10, "reason": {"vi": "Quá nhỏ", "en": "Too small"}}


def test_it_counts_and_goes_on() -> None:
    """Points may be taken, too."""
    config = change_score.read(reading(), GOOD, "p")
    assert change_score.act(config, moment()) == Go(effects=(ChangeScore("fit", -10, GOOD["reason"]),))
    assert change_score.describe(config, "vi") == "Đổi mức độ phù hợp -10 điểm: Quá nhỏ"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"axis": "warmth"}, "unknown_value", id="no axis"),
        pytest.param({"points": 0}, "not_a_number", id="nothing"),
        pytest.param({"points": 1001}, "not_a_number", id="too many"),
        pytest.param({"points": True}, "not_a_number", id="no number"),
        pytest.param({"points": 1.5}, "not_a_number", id="no whole number"),
        pytest.param({"reason": None}, "missing_key", id="no reason"),
    ],
)
def test_what_cannot_be_counted_is_a_finding(change: dict[str, Any], code: str) -> None:
    """Each with its place."""
    one = reading()
    change_score.read(one, {**GOOD, **change}, "p")
    assert [problem.code for problem in one.problems] == [code]
