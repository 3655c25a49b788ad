"""The line at the foot that says why mail comes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nurture.consents.because import reason_line
from nurture.consents.model import Method, Word

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
LATE = datetime(2026, 3, 11, 18, tzinfo=UTC)  # the 12th in Hanoi


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(("language", "day"), [("vi", "12/03/2026"), ("en", "12 March 2026"), ("fr", "12 March 2026")])
def test_it_says_how_and_on_which_day(method: Method, language: str, day: str) -> None:
    """By the house's own clock, and without naming anybody."""
    line = reason_line(Word(True, LATE, method, "import:k3 line 7"), language, HANOI)
    assert day in line
    assert "k3" not in line


@pytest.mark.parametrize("word", [None, Word(given=False, at=LATE, method="form")], ids=["nothing", "a no"])
def test_without_a_yes_there_is_no_line(word: Word | None) -> None:
    """The layout then says its own."""
    assert reason_line(word, "vi", HANOI) == ""
