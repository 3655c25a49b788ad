"""The step remove_from_segment names a segment that is kept by hand."""

from dataclasses import replace

from nurture.campaigns.effects import Go, LeaveSegment
from nurture.campaigns.steps import remove_from_segment
from nurture.rules.titles import Titles
from tests.unit.campaigns.ground import moment, reading


def test_it_names_the_segment_and_goes_on() -> None:
    """By its title where it has one."""
    config = remove_from_segment.read(reading(), "vips", "p")
    assert remove_from_segment.act(config, moment()) == Go(effects=(LeaveSegment("vips"),))
    assert "Quý khách" in remove_from_segment.describe(config, "vi", Titles({("segment", "vips"): "Quý khách"}))


def test_a_segment_that_a_rule_keeps_is_a_finding() -> None:
    """As is one that there is not."""
    one = reading()
    one = replace(one, facts=one.facts.knowing(hand_segment={"vips"}))
    for key in ("vips", "new_leads", "gone"):
        remove_from_segment.read(one, key, "p")
    assert [problem.code for problem in one.problems] == ["kept_by_rule", "unknown_segment"]
