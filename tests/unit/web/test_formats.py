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


def test_from_a_day_on_the_days_of_the_calendar_count() -> None:
    """27 hours ago, at 11:05 of yesterday, is one day; 39 hours ago, before that day began, is two."""
    told = [formats.relative(NOW - timedelta(hours=hours), NOW, "en", ZONE) for hours in (23, 27, 38, 39, 8 * 24)]
    assert told == ["23 hours ago", "1 day ago", "1 day ago", "2 days ago", "8 days ago"]
    assert formats.relative(NOW + timedelta(hours=29), NOW, "vi", ZONE) == "sau 1 ngày nữa"


def test_a_list_in_order_reads_in_order() -> None:
    """Going back, the unit never becomes smaller, nor the number within one unit; under Yesterday stands one day."""
    size, seen = {"minute": 0, "hour": 1, "day": 2}, (0, 0)
    for minutes in range(1, 30 * 24 * 60, 7):
        instant = NOW - timedelta(minutes=minutes)
        told = formats.relative(instant, NOW, "en", ZONE)
        count, unit, _ = told.split()
        place = size[unit.rstrip("s")], int(count)
        assert place >= seen
        seen = place
        if unit.startswith("day"):
            days = (NOW.astimezone(ZONE).date() - instant.astimezone(ZONE).date()).days
            assert int(count) == days


def test_short_and_full_amounts_have_one_form_in_each_language() -> None:
    """The sign behind, in a column as in the total over it."""
    for language, short in (("vi", "241,2\u00a0Tr\u00a0₫"), ("en", "241.2M\u00a0₫")):
        assert formats.money_short(241_200_000, "VND", language) == short
        assert formats.money(241_200_000, "VND", language).endswith("\u00a0₫")


def test_numbers_of_own_fields_are_not_grouped() -> None:
    """They may be a code."""
    assert [formats.plain_number(value, "en") for value in (660728, -5, 1234.5)] == ["660728", "-5", "1234.5"]
    assert formats.plain_number(1234.5, "vi") == "1234,5"


def test_days_have_headings() -> None:
    """Today and yesterday by name, others by weekday and date."""
    today = date(2026, 11, 22)
    assert formats.day_heading(today, "vi", today) == "Hôm nay"
    assert formats.day_heading(today - timedelta(days=1), "vi", today) == "Hôm qua"
    assert formats.day_heading(date(2026, 11, 2), "vi", today) == "Thứ Hai, 02/11/2026"
