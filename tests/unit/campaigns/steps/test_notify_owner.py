"""The step notify_owner writes a note to the lead's owner and goes on."""

from nurture.campaigns.effects import Go, NotifyOwner
from nurture.campaigns.steps import notify_owner
from tests.unit.campaigns.ground import moment, reading

NOTE = {"vi": "Gọi ngay", "en": "Call now"}


def test_the_note_goes_to_the_owner_and_the_lead_goes_on() -> None:
    """By language."""
    config = notify_owner.read(reading(), NOTE, "steps[0].notify_owner")
    assert notify_owner.act(config, moment()) == Go(effects=(NotifyOwner(NOTE),))
    assert notify_owner.describe(config, "en") == "Tell the owner: Call now"


def test_a_note_that_says_nothing_is_a_finding() -> None:
    """Neither empty nor a number."""
    one = reading()
    notify_owner.read(one, "  ", "steps[0].notify_owner")
    notify_owner.read(one, 7, "steps[0].notify_owner")
    assert [problem.code for problem in one.problems] == ["not_text"] * 2
