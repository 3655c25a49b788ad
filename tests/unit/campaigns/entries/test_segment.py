"""The entry segment takes in who joins one."""

from nurture.campaigns.entries import segment
from nurture.rules.model import Has
from tests.unit.campaigns.ground import reading


def test_it_names_a_segment_and_finds_who_is_in_it() -> None:
    """The rule of those there already is being in it."""
    config = segment.read(reading(), "vips", "entry.segment")
    assert config.key == "vips"
    rule = segment.standing(config)
    assert isinstance(rule, Has)
    assert (rule.fact, rule.names) == ("segment", ("vips",))


def test_a_segment_that_is_not_there_is_one_finding() -> None:
    """Not a second one for its rule."""
    one = reading()
    segment.read(one, "vip", "entry.segment")
    assert [problem.code for problem in one.problems] == ["unknown_segment"]


def test_it_goes_by_its_title() -> None:
    """In both languages; by the key where there is no title."""
    config = segment.read(reading(), "vips", "entry.segment")
    assert segment.describe(config, "en") == "Leads who come into the segment “vips”."
    assert segment.describe(config, "vi") == "Khách vào phân khúc “vips”."
