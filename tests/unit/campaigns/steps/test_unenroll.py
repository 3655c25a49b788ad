"""The step unenroll names another campaign."""

from nurture.campaigns.effects import Go, Unenroll
from nurture.campaigns.steps import unenroll
from nurture.rules.titles import Titles
from tests.unit.campaigns.ground import moment, reading


def test_it_names_the_campaign_and_goes_on() -> None:
    """By its title where it has one."""
    config = unenroll.read(reading({"key": "own"}), "welcome", "p")
    assert unenroll.act(config, moment()) == Go(effects=(Unenroll("welcome"),))
    assert "Chào mừng" in unenroll.describe(config, "vi", Titles({("campaign", "welcome"): "Chào mừng"}))


def test_a_campaign_that_there_is_not_is_a_finding() -> None:
    """The nearest one is the mend."""
    one = reading()
    unenroll.read(one, "welcom", "p")
    assert [(problem.code, dict(problem.params)["near"]) for problem in one.problems] == [
        ("unknown_campaign", "welcome")
    ]


def test_the_campaign_itself_is_a_finding() -> None:
    """To leave it there is exit."""
    one = reading({"key": "welcome"})
    unenroll.read(one, "welcome", "p")
    assert [problem.code for problem in one.problems] == ["own_campaign"]
