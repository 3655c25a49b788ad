"""The step add_tag gives a tag and goes on."""

from nurture.campaigns.effects import AddTag, Go
from nurture.campaigns.steps import add_tag
from tests.unit.campaigns.ground import moment, reading


def test_it_gives_the_tag_and_goes_on() -> None:
    """As people write it."""
    config = add_tag.read(reading(), " Đã bấm ", "steps[0].add_tag")
    assert add_tag.act(config, moment()) == Go(effects=(AddTag("Đã bấm"),))
    assert add_tag.describe(config, "vi") == "Gắn thẻ “Đã bấm”"


def test_no_tag_is_a_finding() -> None:
    """Empty text, no text, too much text."""
    one = reading()
    for value in ("", None, "x" * 81, ["a"]):
        add_tag.read(one, value, "steps[0].add_tag")
    assert [problem.code for problem in one.problems] == ["not_text"] * 4
