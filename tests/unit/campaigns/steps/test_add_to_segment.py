"""The step add_to_segment names a segment that is kept by hand."""

from dataclasses import replace

from nurture.campaigns.effects import Go, JoinSegment
from nurture.campaigns.steps import add_to_segment
from nurture.rules.titles import Titles
from tests.unit.campaigns.ground import moment, reading


def test_it_names_the_segment_and_goes_on() -> None:
    """By its title where it has one."""
    config = add_to_segment.read(reading(), "vips", "p")
    assert add_to_segment.act(config, moment()) == Go(effects=(JoinSegment("vips"),))
    assert "Quý khách" in add_to_segment.describe(config, "vi", Titles({("segment", "vips"): "Quý khách"}))


def test_a_segment_that_a_rule_keeps_is_a_finding() -> None:
    """As is one that there is not."""
    one = reading()
    one = replace(one, facts=one.facts.knowing(hand_segment={"vips"}))
    for key in ("vips", "new_leads", "gone"):
        add_to_segment.read(one, key, "p")
    assert [problem.code for problem in one.problems] == ["kept_by_rule", "unknown_segment"]
