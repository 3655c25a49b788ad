"""The step split sends each lead one way for ever, and newcomers the way that has won."""

from collections import Counter
from datetime import timedelta

import pytest

from nurture.campaigns.effects import Go
from nurture.campaigns.steps import split
from tests.unit.campaigns.ground import DAY, moment, reading

EVEN = split.Split({"a": 50, "b": 50}, None, "welcome")
FORM = {"ways": {"a": {"weight": 50, "steps": ["x"]}, "b": {"weight": 50}}}


def _ways(config: split.Split, step: str = "ab", count: int = 3000) -> list[str]:
    return [split.act(config, moment(step=step, lead_key=f"lead{number}")).way for number in range(count)]


def test_the_same_lead_goes_the_same_way() -> None:
    """In whatever round and process: these are known answers."""
    lead = moment(step="ab", lead_key="lead1")
    assert split.act(EVEN, lead) == split.act(EVEN, moment(step="ab", lead_key="lead1", occurrence=3))
    assert _ways(EVEN, count=10) == ["b", "b", "b", "a", "a", "a", "b", "b", "a", "b"]


@pytest.mark.parametrize(
    ("weights", "share"), [({"a": 50, "b": 50}, 0.5), ({"a": 10, "b": 90}, 0.1), ({"a": 1, "b": 1, "c": 2}, 0.25)]
)
def test_ways_take_their_weights(weights: dict[str, int], share: float) -> None:
    """Within what chance allows."""
    found = Counter(_ways(split.Split(weights, None, "welcome")))
    assert set(found) == set(weights)
    assert abs(found["a"] / 3000 - share) < 0.03


def test_two_splits_draw_by_themselves() -> None:
    """Who went a here goes a or b there."""
    both = Counter(zip(_ways(EVEN), _ways(EVEN, "other"), strict=True))
    assert min(both.values()) > 650


def test_newcomers_go_the_way_that_has_won() -> None:
    """A winner that the split no longer has is passed over."""
    assert set(_ways(EVEN)) == {"a", "b"}
    assert split.act(EVEN, moment(step="ab", lead_key="lead1", chosen="a")) == Go("a", "a")
    assert split.act(EVEN, moment(step="ab", lead_key="lead1", chosen="gone")).way == "b"


def test_it_is_read_with_its_ways_and_winner() -> None:
    """Without a winner a person chooses."""
    one = reading({"key": "welcome", "goal": {"tag": "won"}})
    assert split.read(one, FORM, "s") == split.Split({"a": 50, "b": 50}, None, "welcome")
    found = split.read(one, {**FORM, "winner": {"by": "goal", "after": "7 days", "least": 40}}, "s")
    assert found.winner == split.Winner(split.By.GOAL, 7 * DAY, 40)
    assert split.read(one, {**FORM, "winner": "by_hand"}, "s").winner is None
    assert one.problems == []
    assert split.ways(FORM) == {"a": ["x"], "b": []}
    assert split.place("a") == "ways.a.steps"


def _form(**parts: object) -> dict[str, object]:
    return {**FORM, **parts}


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        pytest.param({"ways": {"a": {"weight": 1}}}, "not_ways", "s.ways", id="one way"),
        pytest.param({"ways": [1, 2]}, "not_ways", "s.ways", id="a list"),
        pytest.param(
            _form(ways={"a": {"weight": 0}, "b": {"weight": 1}}), "not_a_number", "s.ways.a.weight", id="no weight"
        ),
        pytest.param(_form(ways={"a": {}, "b": {"weight": 1}}), "missing_key", "s.ways.a", id="a weight is missing"),
        pytest.param(_form(ways={"A way": {"weight": 1}, "b": {"weight": 1}}), "bad_key", "s.ways.A way", id="no key"),
        pytest.param(
            _form(ways={"skipped": {"weight": 1}, "b": {"weight": 1}}), "bad_key", "s.ways.skipped", id="kept"
        ),
        pytest.param(_form(winner="later"), "no_winner", "s.winner", id="no winner"),
        pytest.param(_form(winner={"by": "opens", "after": "1 day"}), "unknown_value", "s.winner.by", id="by what"),
        pytest.param(_form(winner={"by": "goal", "after": "1 day"}), "no_goal", "s.winner.by", id="no goal"),
        pytest.param(_form(winner={"by": "clicks", "after": "soon"}), "bad_span", "s.winner.after", id="no span"),
        pytest.param(
            _form(winner={"by": "clicks", "after": "1 day", "least": 5}), "not_a_number", "s.winner.least", id="few"
        ),
    ],
)
def test_what_is_wrong_is_a_finding(value: object, code: str, path: str) -> None:
    """With its path."""
    one = reading({"key": "welcome"})
    split.read(one, value, "s")
    assert [(problem.code, problem.path) for problem in one.problems] == [(code, path)]


def test_it_says_itself_and_its_ways() -> None:
    """With the share of each."""
    config = split.Split({"a": 1, "b": 3}, split.Winner(split.By.CLICKS, timedelta(days=7)), "welcome")
    assert split.describe(config, "en") == "Compare 2 ways by clicks, after 1 week"
    assert split.label(config, "b", "en") == "Way b, 75%"
    assert "a person" in split.describe(EVEN, "en")
