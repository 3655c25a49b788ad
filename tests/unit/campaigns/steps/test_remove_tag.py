"""The step remove_tag takes a tag off and goes on."""

from nurture.campaigns.effects import Go, RemoveTag
from nurture.campaigns.steps import remove_tag
from tests.unit.campaigns.ground import moment, reading


def test_it_takes_the_tag_off_and_goes_on() -> None:
    """As people write it."""
    config = remove_tag.read(reading(), " Đã bấm ", "steps[0].remove_tag")
    assert remove_tag.act(config, moment()) == Go(effects=(RemoveTag("Đã bấm"),))
    assert remove_tag.describe(config, "vi") == "Gỡ thẻ “Đã bấm”"


def test_no_tag_is_a_finding() -> None:
    """Empty text, no text, too much text."""
    one = reading()
    for value in ("", None, "x" * 81, ["a"]):
        remove_tag.read(one, value, "steps[0].remove_tag")
    assert [problem.code for problem in one.problems] == ["not_text"] * 4
