"""The entry schedule takes in whoever is in a segment, at set times."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.campaigns.entries import schedule
from nurture.campaigns.entries.schedule import Schedule
from tests.unit.campaigns.ground import reading

HANOI, BERLIN = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Berlin")
SINCE, UNTIL = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param(
            {"days": "mon", "every": "2 weeks", "from": "2027-01-04"},
            ["2027-01-04", "2027-01-18", "2027-02-01", "2027-02-15"],
            id="every other Monday",
        ),
        pytest.param(
            {"days": "mon", "every": "4 weeks", "from": "2027-01-06"}, ["2027-02-01"], id="weeks count from Monday"
        ),
        pytest.param({"day": 31}, ["2027-01-31", "2027-02-28"], id="the last day of a short month"),
        pytest.param({"day": 1, "every": "2 months", "from": "2027-01-01"}, ["2027-01-01"], id="every other month"),
        pytest.param({"every": "30 days", "from": "2027-01-10"}, ["2027-01-10", "2027-02-09"], id="every thirty days"),
    ],
)
def test_it_comes_round(value: dict[str, object], names: list[str]) -> None:
    """At 09:00 of the house unless it says otherwise."""
    one = reading()
    config = schedule.read(one, {"segment": "vips", **value}, "entry.schedule")
    assert one.problems == []
    found = schedule.occasions(config, SINCE, UNTIL, HANOI)
    assert [occasion.name for occasion in found] == [f"{name}T09:00" for name in names]
    assert all(occasion.at.astimezone(HANOI).hour == 9 for occasion in found)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        pytest.param(date(2027, 3, 28), "2027-03-28T01:30:00+00:00", id="left out by the clocks: as much later"),
        pytest.param(date(2027, 10, 31), "2027-10-31T00:30:00+00:00", id="there twice: the first"),
    ],
)
def test_each_day_has_it_once_when_the_clocks_change(day: date, at: str) -> None:
    """02:30 in Berlin."""
    config = Schedule("vips", "day", at=time(2, 30))
    start = datetime.combine(day, time(), tzinfo=BERLIN)
    found = schedule.occasions(config, start, start + timedelta(hours=23, minutes=30), BERLIN)
    assert [one.at.isoformat() for one in found] == [at]


@given(
    since=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    hours=st.lists(st.integers(0, 100), min_size=2, max_size=5),
    minute=st.integers(0, 1439),
)
def test_looking_in_parts_finds_the_same(since: datetime, hours: list[int], minute: int) -> None:
    """Nothing is forgotten between two looks, nothing comes twice."""
    config = Schedule("vips", "day", at=time(minute // 60, minute % 60))
    ends = [since.replace(tzinfo=UTC)]
    for one in hours:
        ends.append(ends[-1] + timedelta(hours=one))
    whole = schedule.occasions(config, ends[0], ends[-1], BERLIN)
    parts = [one for i in range(len(hours)) for one in schedule.occasions(config, ends[i], ends[i + 1], BERLIN)]
    assert parts == whole


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({}, "no_days", id="no days"),
        pytest.param({"every": "1 month"}, "no_day", id="no day of the month"),
        pytest.param({"days": "mon", "every": "2 weeks"}, "no_start", id="nothing to count from"),
        pytest.param({"days": "mon", "day": 3}, "stray_days", id="both kinds of days"),
        pytest.param({"every": "1 week", "days": "mon", "day": 3}, "stray_day", id="a day of the month by weeks"),
        pytest.param({"days": "mo"}, "bad_days", id="no such day"),
        pytest.param({"days": "mon", "every": "1 hour"}, "bad_every", id="hours"),
        pytest.param({"day": 32}, "not_a_number", id="no such day of a month"),
        pytest.param({"days": "mon", "from": "soon"}, "bad_day", id="no date"),
    ],
)
def test_what_does_not_come_due_is_a_finding(value: dict[str, object], code: str) -> None:
    """With its mend."""
    one = reading()
    schedule.read(one, {"segment": "vips", **value}, "entry.schedule")
    assert code in [problem.code for problem in one.problems]


def test_it_says_so() -> None:
    """In both languages."""
    config = Schedule("vips", "week", 2, frozenset({0}), start=date(2027, 1, 4))
    assert schedule.describe(config, "en") == (
        "Whoever is in the segment “vips”, at 09:00: every 2 weeks, Monday, from 2027-01-04 on."
    )
    assert schedule.describe(Schedule("vips", "month", day=1), "vi") == (
        "Những khách đang ở trong phân khúc “vips”, lúc 09:00: mỗi tháng, ngày 1 trong tháng."
    )
