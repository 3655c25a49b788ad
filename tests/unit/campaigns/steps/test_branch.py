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


MANY = {"ways": [{"when": {"tag": "vip"}, "then": ["x"]}, {"when": {"temperature": "warm"}}], "else": ["y"]}


@pytest.mark.parametrize(
    ("lead", "way"),
    [
        pytest.param(view(tags=frozenset({"vip"}), temperature="warm"), "way_1", id="both hold, the first is gone"),
        pytest.param(view(temperature="warm"), "way_2", id="the second"),
        pytest.param(view(), "else", id="none"),
    ],
)
def test_the_first_of_many_ways_that_holds_is_taken(lead: View, way: str) -> None:
    """In the order of the file."""
    config = branch.read(reading(), MANY, "steps[0].branch")
    assert branch.act(config, moment(view=lead)) == Go(way, way)


def test_many_ways_have_their_places_and_words() -> None:
    """Each is called by its condition."""
    config = branch.read(reading(), MANY, "steps[0].branch")
    assert branch.ways(MANY) == {"way_1": ["x"], "way_2": [], "else": ["y"]}
    assert [branch.place(way) for way in branch.ways(MANY)] == ["ways[0].then", "ways[1].then", "else"]
    assert "vip" in branch.label(config, "way_1", "en")
    assert branch.label(config, "else", "en") == "None of these"
    assert len(config.rules) == 2


@pytest.mark.parametrize(
    ("value", "path"),
    [
        pytest.param({"ways": []}, "b.ways", id="no way"),
        pytest.param({"ways": "x"}, "b.ways", id="no list"),
        pytest.param({"ways": [{"then": []}]}, "b.ways[0]", id="a way without a condition"),
        pytest.param({"ways": [{"when": {"tagg": "x"}}]}, "b.ways[0].when.tagg", id="a condition that there is not"),
        pytest.param({"ways": [{"when": {"tag": "x"}}], "then": []}, "b.then", id="both forms at once"),
    ],
)
def test_findings_of_many_ways_have_their_paths(value: object, path: str) -> None:
    """So that they get their line."""
    one = reading()
    branch.read(one, value, "b")
    assert [problem.path for problem in one.problems] == [path]
