"""The entry api leaves it to a program."""

from nurture.campaigns.entries import api
from tests.unit.campaigns.ground import reading


def test_only_true_can_be_said() -> None:
    """Anything else is a finding."""
    one = reading()
    api.read(one, True, "entry.api")
    assert one.problems == []
    api.read(one, "yes", "entry.api")
    assert [problem.code for problem in one.problems] == ["not_true"]


def test_it_says_so() -> None:
    """In both languages."""
    config = api.read(reading(), True, "entry.api")
    assert api.describe(config, "en") == "Leads whom another program enrolls."
    assert api.describe(config, "vi") == "Khách do phần mềm khác đưa vào."
