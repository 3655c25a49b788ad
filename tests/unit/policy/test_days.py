"""Closed days: the public holidays of a country, a house's own, and the stop around Tết."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.policy.days import Calendar, During, Kind, OwnDays, Tet, is_country, reopening, tet_of

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("year", "day"),
    [(2025, date(2025, 1, 29)), (2026, date(2026, 2, 17)), (2027, date(2027, 2, 6)), (2028, date(2028, 1, 26))],
)
def test_tet_is_the_first_day_of_vietnams_lunar_year(year: int, day: date) -> None:
    """By the calendar of Vietnam, which may differ from China's."""
    assert tet_of(year) == day


def test_a_year_beyond_the_calendar_has_no_tet() -> None:
    """Nothing is closed for it, and nothing fails."""
    assert tet_of(2150) is None
    assert Calendar(tet=Tet()).of_year(2150) == ()


def test_the_stop_around_tet_counts_both_ends() -> None:
    """From the 23rd of the twelfth month until the sixth day, in 2027."""
    assert Tet().stop(2027) == (date(2027, 1, 30), date(2027, 2, 11))
    stop = [one.day for one in Calendar(tet=Tet()).of_year(2027)]
    assert (stop[0], stop[-1], len(stop)) == (date(2027, 1, 30), date(2027, 2, 11), 13)


def test_a_stop_that_begins_in_the_year_before_closes_those_days_too() -> None:
    """Tết of 2023 fell on 22 January."""
    found = Calendar(tet=Tet(before=30)).of_year(2022)
    assert [one.day for one in found if one.day.month == 12] == [date(2022, 12, 23) + timedelta(n) for n in range(9)]


def test_public_holidays_have_names_in_both_languages() -> None:
    """A language that the package does not speak for a country gets the country's own words."""
    calendar = Calendar("VN")
    found = calendar.closed(date(2026, 9, 2))
    assert found is not None
    assert (found.kind, found.names) == (Kind.COUNTRY, {"vi": "Quốc khánh", "en": "National Day"})
    assert calendar.closed(date(2026, 9, 3)) is None


def test_own_days_close_from_the_first_to_the_last() -> None:
    """Both ends included, over the turn of a year."""
    own = OwnDays(date(2026, 12, 30), date(2027, 1, 2), (("vi", "Kiểm kê"), ("en", "Stocktaking")))
    calendar = Calendar(own=(own,))
    closed = [day for n in range(6) if calendar.closed(day := date(2026, 12, 29) + timedelta(n))]
    assert closed == [date(2026, 12, 30) + timedelta(n) for n in range(4)]


def test_the_stop_around_tet_counts_before_a_public_holiday() -> None:
    """So that dropping concerns its whole length."""
    found = Calendar("VN", tet=Tet(during=During.DROP)).closed(date(2027, 2, 6))
    assert found is not None
    assert (found.kind, found.during) == (Kind.TET, During.DROP)


def test_held_mail_goes_when_the_first_open_day_begins_on_the_leads_wall() -> None:
    """Midnight in Hanoi after the stop."""
    at = datetime(2027, 2, 3, 9, 0, tzinfo=HANOI)
    assert reopening(Calendar("VN", tet=Tet()), HANOI, at) == datetime(2027, 2, 11, 17, 0, tzinfo=UTC)
    open_at = datetime(2027, 2, 12, 9, 0, tzinfo=HANOI)
    assert reopening(Calendar("VN", tet=Tet()), HANOI, open_at) == open_at


def test_a_day_that_a_zone_has_skipped_closes_nothing() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    calendar = Calendar(own=(OwnDays(date(2011, 12, 29), date(2011, 12, 30)),))
    found = reopening(calendar, apia, datetime(2011, 12, 29, 12, 0, tzinfo=apia))
    assert found.astimezone(apia).replace(tzinfo=None) == datetime(2011, 12, 31)  # noqa: DTZ001 - a wall's time


def test_countries_are_those_the_package_knows() -> None:
    """And no other words."""
    assert [is_country(one) for one in ("VN", "DE", "XX", "", None, 84)] == [True, True, False, False, False, False]
