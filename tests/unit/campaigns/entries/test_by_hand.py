"""The entry by_hand leaves it to a person."""

from nurture.campaigns.entries import by_hand
from tests.unit.campaigns.ground import reading


def test_only_true_can_be_said() -> None:
    """Anything else is a finding."""
    one = reading()
    by_hand.read(one, True, "entry.by_hand")
    assert one.problems == []
    by_hand.read(one, "yes", "entry.by_hand")
    assert [problem.code for problem in one.problems] == ["not_true"]


def test_it_says_so() -> None:
    """In both languages."""
    config = by_hand.read(reading(), True, "entry.by_hand")
    assert by_hand.describe(config, "en") == "By hand, from a lead's page."
    assert by_hand.describe(config, "vi") == "Khách được đưa vào bằng tay, từ trang của khách."
