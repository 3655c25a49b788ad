"""Numbers, dates and phones as people here write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.web import formats

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [(1234567, "1.234.567", "1,234,567"), (12.5, "12,5", "12.5"), (0, "0", "0"), (-1200, "-1.200", "-1,200")],
)
def test_numbers_are_grouped_as_the_language_does(value: float, vi: str, en: str) -> None:
    """A dot in Vietnamese, a comma in English."""
    assert (formats.number(value, "vi"), formats.number(value, "en")) == (vi, en)


def test_money_stands_in_whole_dong() -> None:
    """The dong has no smaller unit."""
    assert formats.money(12_500_000, "VND", "vi") == "12.500.000\u00a0₫"
    assert formats.money(1_250, "USD", "en") == "12.5\u00a0USD"


def test_instants_are_told_in_the_readers_zone() -> None:
    """07:05 UTC is 14:05 in Vietnam."""
    assert formats.stamp(NOW, "vi", ZONE) == "22/11/2026 14:05"
    assert formats.stamp(NOW, "en", ZONE) == "22 Nov 2026 14:05"


@pytest.mark.parametrize(
    ("span", "vi"),
    [
        (timedelta(seconds=-10), "vừa xong"),
        (timedelta(hours=-2), "2 giờ trước"),
        (timedelta(days=3), "sau 3 ngày nữa"),
        (timedelta(days=-45), "08/10/2026"),
    ],
)
def test_times_near_are_told_from_now(span: timedelta, vi: str) -> None:
    """From 30 days on, the date itself."""
    assert formats.relative(NOW + span, NOW, "vi", ZONE) == vi


def test_days_have_headings() -> None:
    """Today and yesterday by name, others by weekday and date."""
    today = date(2026, 11, 22)
    assert formats.day_heading(today, "vi", today) == "Hôm nay"
    assert formats.day_heading(today - timedelta(days=1), "vi", today) == "Hôm qua"
    assert formats.day_heading(date(2026, 11, 2), "vi", today) == "Thứ Hai, 02/11/2026"
