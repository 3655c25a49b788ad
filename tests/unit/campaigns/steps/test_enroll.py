"""The step enroll names another campaign."""

from nurture.campaigns.effects import Enroll, Go
from nurture.campaigns.steps import enroll
from nurture.rules.titles import Titles
from tests.unit.campaigns.ground import moment, reading


def test_it_names_the_campaign_and_goes_on() -> None:
    """By its title where it has one."""
    config = enroll.read(reading({"key": "own"}), "welcome", "p")
    assert enroll.act(config, moment()) == Go(effects=(Enroll("welcome"),))
    assert "Chào mừng" in enroll.describe(config, "vi", Titles({("campaign", "welcome"): "Chào mừng"}))


def test_a_campaign_that_there_is_not_is_a_finding() -> None:
    """The nearest one is the mend."""
    one = reading()
    enroll.read(one, "welcom", "p")
    assert [(problem.code, dict(problem.params)["near"]) for problem in one.problems] == [
        ("unknown_campaign", "welcome")
    ]
