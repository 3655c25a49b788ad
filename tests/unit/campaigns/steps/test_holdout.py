"""The step holdout draws a share of the leads who get no mail, always the same ones."""

import pytest

from nurture.campaigns.effects import Go
from nurture.campaigns.steps import holdout
from tests.unit.campaigns.ground import moment, reading

TENTH = holdout.Holdout(10, "welcome")


def _drawn(config: holdout.Holdout, count: int = 5000) -> list[int]:
    asked = (moment(step="control", lead_key=f"lead{number}") for number in range(count))
    return [number for number, one in enumerate(asked) if holdout.act(config, one).outcome == "holdout"]


def test_about_the_share_is_drawn_and_always_the_same() -> None:
    """Ten in a hundred, give or take what chance allows."""
    assert 400 < len(_drawn(TENTH)) < 600
    assert _drawn(TENTH) == _drawn(TENTH)


def test_a_larger_share_holds_the_smaller() -> None:
    """Who was drawn stays drawn when the share grows."""
    assert set(_drawn(TENTH, 1000)) < set(_drawn(holdout.Holdout(30, "welcome"), 1000))


def test_two_campaigns_draw_by_themselves() -> None:
    """Nobody is without mail everywhere."""
    both = set(_drawn(TENTH)) & set(_drawn(holdout.Holdout(10, "other")))
    assert len(both) < 100


def test_who_is_drawn_is_remembered() -> None:
    """The enrollment knows it from then on."""
    everybody = holdout.Holdout(100, "welcome")
    assert holdout.act(everybody, moment()) == Go(outcome="holdout", remember={"holdout": True})
    assert holdout.act(holdout.Holdout(0, "welcome"), moment()) == Go(outcome="mailed")


@pytest.mark.parametrize(("value", "percent"), [("10%", 10), ("1 %", 1), (" 50%", 50)])
def test_a_share_is_read(value: str, percent: int) -> None:
    """In percent; with the campaign's key, since each draws by itself."""
    one = reading({"key": "welcome", "goal": {"tag": "won"}})
    assert holdout.read(one, value, "h") == holdout.Holdout(percent, "welcome")
    assert one.problems == []


@pytest.mark.parametrize("value", ["0%", "51%", "10", 10, None, "-5%", "ten%"])
def test_other_shares_are_a_finding(value: object) -> None:
    """From 1% to 50%."""
    one = reading({"goal": {"tag": "won"}})
    holdout.read(one, value, "h")
    assert [(problem.code, problem.severity) for problem in one.problems] == [("bad_share", "error")]


def test_without_a_goal_there_is_nothing_to_compare() -> None:
    """It is said, not forbidden; and it says itself with its percent sign."""
    one = reading({"key": "welcome"})
    config = holdout.read(one, "10%", "h")
    assert [(problem.code, problem.severity) for problem in one.problems] == [("no_goal", "warning")]
    assert holdout.describe(config, "en") == "10% of the leads get no email, for comparison"
