"""The step exit lets the lead leave, with the author's reason."""

from nurture.campaigns.effects import Leave
from nurture.campaigns.steps import exit as exit_step
from nurture.kernel.reasons import Reason
from tests.unit.campaigns.ground import moment, reading


def test_the_lead_leaves_with_the_reason() -> None:
    """One text stands for both languages."""
    config = exit_step.read(reading(), "seen enough", "steps[0].exit")
    why = {"vi": "seen enough", "en": "seen enough"}
    assert exit_step.act(config, moment()) == Leave(Reason.EXIT_STEP, {"why": why})
    assert exit_step.describe(config, "en") == "Leave the campaign: seen enough"


def test_a_missing_language_is_a_finding() -> None:
    """Two languages are equal citizens."""
    one = reading()
    exit_step.read(one, {"vi": "đủ rồi"}, "steps[0].exit")
    assert [problem.code for problem in one.problems] == ["missing_key"]
