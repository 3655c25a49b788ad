"""The entry date takes in whose day has come, where they are."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.campaigns.entries import date as days
from nurture.campaigns.entries.date import Day
from nurture.campaigns.reading import Reading
from nurture.leads.facts import own
from nurture.leads.model import FieldDefinition, FieldType
from tests.unit.campaigns.ground import FACTS, reading

HANOI, YORK = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("America/New_York")
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
BIRTHDAY = Day("birthday", "Birthday", yearly=True)
DAY = timedelta(days=1)


def _reading() -> Reading:
    one = reading()
    one.facts = FACTS.with_values(own([FieldDefinition("birthday", "Birthday", FieldType.DATE)]))
    return one


def _year(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def test_a_birthday_comes_each_year_in_the_morning_where_the_lead_is() -> None:
    """09:00 in Hanoi is 02:00 UTC, in New York 14:00 in winter."""
    assert [
        (one.at.isoformat(), one.name) for one in days.occasions_of(BIRTHDAY, "1990-03-05", *_year(2027), HANOI)
    ] == [("2027-03-05T02:00:00+00:00", "2027-03-05")]
    (there,) = days.occasions_of(BIRTHDAY, "1990-03-05", *_year(2027), YORK)
    assert there.at == datetime(2027, 3, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "day"),
    [pytest.param(2027, "2027-02-28", id="no such day"), pytest.param(2028, "2028-02-29", id="leap year")],
)
def test_29_february_is_28_february_in_other_years(year: int, day: str) -> None:
    """And the query looks for it on that day."""
    (one,) = days.occasions_of(BIRTHDAY, "2000-02-29", *_year(year), HANOI)
    assert one.name == day
    assert "02-29" in days.days(BIRTHDAY, one.at - DAY, one.at)


@pytest.mark.parametrize(
    ("config", "at"),
    [
        pytest.param(Day("d", "D", offset=-3 * DAY, at=time(8, 30)), "2027-03-02T01:30", id="days before"),
        pytest.param(Day("d", "D", offset=7 * DAY), "2027-03-12T02:00", id="a week after"),
        pytest.param(Day("d", "D"), "2027-03-05T02:00", id="the day itself"),
    ],
)
def test_days_before_and_after(config: Day, at: str) -> None:
    """The name is the day itself."""
    (one,) = days.occasions_of(config, "2027-03-05", *_year(2027), HANOI)
    assert (one.at.isoformat()[:16], one.name) == (at, "2027-03-05")


def test_the_day_of_birth_is_no_birthday() -> None:
    """The first comes a year later."""
    assert days.occasions_of(BIRTHDAY, "2027-03-05", *_year(2027), HANOI) == []
    assert len(days.occasions_of(BIRTHDAY, "2027-03-05", *_year(2028), HANOI)) == 1


def test_what_is_no_day_has_no_occasion() -> None:
    """It looks like one and is none."""
    assert days.occasions_of(BIRTHDAY, "2027-02-30", *_year(2027), HANOI) == []


def test_a_date_changed_later_is_the_same_occasion() -> None:
    """Half a year must lie between; over the turn of the year too."""
    assert days.taken_before(BIRTHDAY, "2027-03-06", ["2027-03-05"]) == "2027-03-05"
    assert days.taken_before(BIRTHDAY, "2027-01-01", ["2026-12-31"]) == "2026-12-31"
    assert days.taken_before(BIRTHDAY, "2028-03-05", ["2027-03-05"]) is None
    assert days.taken_before(Day("d", "D"), "2027-03-06", ["2027-03-05"]) is None


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(1950, 1, 1), date(2030, 12, 31)),
    since=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    hours=st.integers(1, 200),
    minute=st.integers(0, 1439),
    offset=st.integers(-40, 40),
    yearly=st.booleans(),
)
def test_the_query_finds_whoever_has_an_occasion(
    zone: str, day: date, since: datetime, hours: int, minute: int, offset: int, *, yearly: bool
) -> None:
    """In any zone, and no occasion is there twice."""
    config = Day("d", "D", yearly=yearly, at=time(minute // 60, minute % 60), offset=offset * DAY)
    start = since.replace(tzinfo=UTC)
    end = start + timedelta(hours=hours)
    found = days.occasions_of(config, day.isoformat(), start, end, ZoneInfo(zone))
    wanted = days.days(config, start, end)
    if found:
        assert day.isoformat()[5:] in wanted or day.isoformat() in wanted
    assert len({one.name for one in found}) == len(found)


def test_it_reads_a_date_field() -> None:
    """As people write it."""
    one = _reading()
    value = {"field": "birthday", "yearly": True, "at": "8:30", "offset": "-1 week"}
    assert days.read(one, value, "entry.date") == Day(
        "birthday", "Birthday", yearly=True, at=time(8, 30), offset=timedelta(days=-7)
    )
    assert one.problems == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"field": "city"}, "unknown_field", id="no date"),
        pytest.param({}, "missing_key", id="no field"),
        pytest.param({"field": "birthday", "offset": "3 hours"}, "bad_offset", id="no days"),
        pytest.param({"field": "birthday", "offset": 3}, "bad_offset", id="a bare number"),
        pytest.param({"field": "birthday", "at": "25:00"}, "bad_time", id="no time"),
        pytest.param({"field": "birthday", "yearly": "yes"}, "not_a_flag", id="no flag"),
    ],
)
def test_what_cannot_be_used_is_a_finding(value: dict[str, object], code: str) -> None:
    """One each."""
    one = _reading()
    days.read(one, value, "entry.date")
    assert [problem.code for problem in one.problems] == [code]


def test_it_says_so() -> None:
    """29 February as well."""
    three = Day("birthday", "Birthday", yearly=True, offset=-3 * DAY)
    assert days.describe(three, "en") == (
        "Each year 3 days before “Birthday”, at 09:00 where the lead is; 29 February is 28 February in other years."
    )
    assert days.describe(Day("webinar", "Webinar"), "vi") == (
        "Khách vào đúng ngày “Webinar”, lúc 09:00 theo giờ nơi khách ở."
    )
