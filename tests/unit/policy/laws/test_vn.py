"""Decree 91/2020 and Law 91/2025 as figures."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.kernel.reasons import Reason
from nurture.policy.decide import Defer, Policy, Send, decide
from nurture.policy.law import Bounds, agreed_cap
from nurture.policy.laws import profile

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(hours=24)
NOON = datetime(2026, 11, 23, 12, tzinfo=HANOI).astimezone(UTC)


def test_a_fourth_email_within_a_day_waits_until_the_first_is_a_day_old() -> None:
    """Counted over 24 hours that slide along, not by the calendar's day."""
    gone = [NOON - timedelta(hours=hours) for hours in (23, 20, 1)]
    bounds = Bounds(profile("vn").ad_cap, gone, law="vn")
    found = decide(Policy(), HANOI, NOON, bounds=bounds)
    assert found == Defer(NOON + timedelta(hours=1), Reason.CAPPED, {"count": 3, "days": "1", "limit": 3, "law": "vn"})
    assert decide(Policy(), HANOI, NOON + timedelta(hours=1), bounds=bounds) == Send()


@pytest.mark.parametrize(("figure", "limit"), [(None, 3), (1, 1), (10, 10)], ids=["nothing said", "fewer", "more"])
def test_what_was_agreed_on_stands_before_the_law(figure: int | None, limit: int) -> None:
    """More or fewer: “unless agreed otherwise”."""
    found = agreed_cap(profile("vn").ad_cap, figure)
    assert found is not None
    assert (found.limit, found.span) == (limit, DAY)


@pytest.mark.parametrize(
    ("channel", "hour", "allowed"),
    [("sms", 6, False), ("sms", 7, True), ("sms", 21, True), ("sms", 22, False), ("call", 7, False), ("call", 8, True),
     ("call", 16, True), ("call", 17, False)],
)  # fmt: skip
def test_hours_are_those_of_the_decree(channel: str, hour: int, *, allowed: bool) -> None:
    """Text messages from 7 to 22, calls from 8 to 17, on every day of the week."""
    window = getattr(profile("vn"), f"{channel}_hours")
    days = [datetime(2026, 11, 23 + day, hour, tzinfo=HANOI) for day in range(7)]
    assert [window.holds(day) for day in days] == [allowed] * 7


def test_what_could_not_be_read_is_said() -> None:
    """The profile names the articles whose text was not at hand, and from when the law of 2025 holds."""
    said = " ".join(profile("vn").notes)
    assert "Articles 18" in said
    assert "1 January 2026" in said
