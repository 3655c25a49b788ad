"""The step branch looks when it comes due and goes one of two ways."""

import pytest

from nurture.campaigns.effects import Go
from nurture.campaigns.steps import branch
from nurture.rules.facts import View
from tests.unit.campaigns.ground import DAY, NOW, moment, reading, view

WHEN = {"any": [{"tag": "vip"}, {"clicked": {"email": "hello", "within": "7 days"}}]}


@pytest.mark.parametrize(
    ("lead", "way"),
    [
        pytest.param(view(), "else", id="neither"),
        pytest.param(view(tags=frozenset({"vip"})), "then", id="the tag"),
        pytest.param(view(clicked=(NOW - 2 * DAY,)), "then", id="a click within the span"),
        pytest.param(view(clicked=(NOW - 8 * DAY,)), "else", id="a click before it"),
    ],
)
def test_the_rule_picks_the_way(lead: View, way: str) -> None:
    """`then` when it holds, else `else`."""
    config = branch.read(reading(), {"when": WHEN}, "steps[0].branch")
    assert branch.act(config, moment(view=lead)) == Go(way, way)


def test_findings_of_the_rule_keep_their_path() -> None:
    """So that they get their line."""
    one = reading()
    branch.read(one, {"when": {"any": [{"tagg": "vip"}]}, "otherwise": []}, "steps[0].branch")
    assert {problem.path for problem in one.problems} == {
        "steps[0].branch.otherwise",
        "steps[0].branch.when.any[0].tagg",
    }


def test_a_way_that_is_not_written_leads_on() -> None:
    """It has no steps of its own."""
    assert branch.ways({"when": WHEN, "then": ["x"]}) == {"then": ["x"], "else": []}


def test_it_says_its_rule() -> None:
    """In a sentence."""
    config = branch.read(reading(), {"when": {"tag": "vip"}}, "steps[0].branch")
    assert "vip" in branch.describe(config, "en")
