"""The step wait_until holds until a local time, a day of the week, or a date of the lead, in any zone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from nurture.campaigns.effects import Go, Hold, Moment
from nurture.campaigns.reading import Reading
from nurture.campaigns.steps import wait_until
from nurture.kernel.yamlfile import Source
from nurture.rules.facts import Fact, Type, View
from tests.unit.campaigns.ground import DAY, FACTS, NOW

DATED = FACTS.with_values(
    [Fact("webinar_at", Type.DATE, "Webinar", sa.column("x")), Fact("size", Type.NUMBER, "Size", sa.column("y"))]
)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = timedelta(minutes=1)


def _read(value: Any) -> tuple[wait_until.WaitUntil, list[tuple[str, str]]]:
    one = Reading(Source("test.yaml", "", None, {}), DATED)
    config = wait_until.read(one, value, "w")
    return config, [(problem.code, problem.path) for problem in one.problems]


def _act(value: Any, arrived: datetime, zone: ZoneInfo = HANOI, **more: Any) -> Go | Hold:
    config, problems = _read(value)
    assert problems == []
    seen = more.pop("seen", None)
    lead = View(1, {} if seen is None else {value["field"]: seen})
    planned, now = more.pop("planned", arrived), more.pop("now", arrived)
    return wait_until.act(
        config, Moment(now, planned, arrived, more.pop("mailed", None), lead, DATED, zone=zone, **more)
    )


def _at(text: str, zone: ZoneInfo = HANOI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("value", "arrived", "until"),
    [  # 20 November 2026 is a Friday
        pytest.param({"time": "09:00"}, "2026-11-20 08:59", "2026-11-20 09:00", id="today"),
        pytest.param({"time": "09:00"}, "2026-11-20 09:01", "2026-11-21 09:00", id="tomorrow"),
        pytest.param({"time": "9:00", "days": "tue,thu"}, "2026-11-20 08:00", "2026-11-24 09:00", id="a weekday"),
        pytest.param({"time": "09:00", "days": "fri"}, "2026-11-20 10:00", "2026-11-27 09:00", id="in a week"),
        pytest.param({"days": "mon-fri"}, "2026-11-21 10:00", "2026-11-23 00:00", id="when the day begins"),
    ],
)
def test_the_next_such_time_is_held_for(value: Any, arrived: str, until: str) -> None:
    """Where the lead is."""
    assert _act(value, _at(arrived)) == Hold(_at(until))


@pytest.mark.parametrize(
    ("value", "arrived"),
    [({"time": "09:00"}, "2026-11-20 09:00"), ({"days": "mon-fri"}, "2026-11-20 10:00")],
)
def test_a_time_that_is_now_is_not_waited_for(value: Any, arrived: str) -> None:
    """It goes on at once."""
    assert _act(value, _at(arrived)) == Go()


def test_straight_after_a_mail_the_next_time_is_meant() -> None:
    """Two mails never arrive side by side, whether the mail went in the instant or late."""
    nine = _at("2026-11-20 09:00")
    assert _act({"time": "09:00"}, nine, mailed=nine) == Hold(nine + DAY)
    assert _act({"time": "09:00"}, nine - 60 * MINUTE, mailed=nine + MINUTE) == Hold(nine + DAY)
    assert _act({"time": "09:00"}, nine, mailed=nine - DAY) == Go()


def test_it_is_over_when_its_time_has_come() -> None:
    """However late the tick."""
    nine = _at("2026-11-20 09:00")
    assert _act({"time": "09:00"}, nine - MINUTE, planned=nine, now=nine + DAY) == Go()


@pytest.mark.parametrize(
    ("more", "seen", "until"),
    [
        pytest.param({}, "2026-12-10", "2026-12-10 00:00", id="when the day begins"),
        pytest.param({"time": "15:00"}, "2026-12-10", "2026-12-10 15:00", id="at a time"),
        pytest.param({"time": "09:00", "offset": "-1 day"}, "2026-12-10", "2026-12-09 09:00", id="the day before"),
        pytest.param({"time": "15:00", "offset": "-2 hours"}, "2026-12-10", "2026-12-10 13:00", id="hours before"),
        pytest.param({"time": "09:00", "offset": "+1 tuần"}, "2026-12-10", "2026-12-17 09:00", id="a week after"),
        pytest.param({"time": "09:00", "days": "mon-fri"}, "2026-12-12", "2026-12-14 09:00", id="a working day"),
    ],
)
def test_a_date_of_the_lead_is_held_for(more: Any, seen: str, until: str) -> None:
    """With an offset, at a time, on a day of the week."""
    assert _act({"field": "webinar_at", **more}, _at("2026-11-20 09:00"), seen=seen) == Hold(_at(until))


@pytest.mark.parametrize(
    ("more", "until"),
    [
        pytest.param({"offset": "36 hours"}, "2026-11-21 22:17", id="so many hours"),
        pytest.param({"offset": "3 days"}, "2026-11-23 10:17", id="at the same time of a later day"),
        pytest.param({"offset": "3 days", "time": "09:00"}, "2026-11-23 09:00", id="at a time of a later day"),
        pytest.param({"offset": "1 day", "days": "mon"}, "2026-11-23 10:17", id="on a Monday"),
    ],
)
def test_an_instant_of_the_lead_is_held_for(more: Any, until: str) -> None:
    """Built-in ones, such as when it was created."""
    seen = _at("2026-11-20 10:17")
    assert _act({"field": "created_at", **more}, seen, seen=seen) == Hold(_at(until))


WAYS: dict[str, list[str]] = {"past": [], "missing": []}


@pytest.mark.parametrize(
    ("ways", "seen", "answer"),
    [
        pytest.param({}, "2026-11-19", Go("", "past"), id="over, and on"),
        pytest.param(WAYS, "2026-11-19", Go("past", "past"), id="over, by its way"),
        pytest.param({}, None, Go("", "missing"), id="no date, and on"),
        pytest.param(WAYS, None, Go("missing", "missing"), id="no date, by its way"),
        pytest.param(WAYS, "2026-02-31", Go("missing", "missing"), id="no day of the calendar"),
        pytest.param(WAYS, "soon", Go("missing", "missing"), id="no date at all"),
        pytest.param({"offset": "500 weeks"}, "9999-12-31", Go("", "missing"), id="beyond the calendar"),
        pytest.param({"offset": "-500 weeks"}, "0001-01-01", Go("", "missing"), id="before the calendar"),
    ],
)
def test_a_date_that_will_not_come_leads_on(ways: Any, seen: str | None, answer: Go) -> None:
    """At once, with the word for it."""
    assert _act({"field": "webinar_at", **ways}, _at("2026-11-20 09:00"), seen=seen) == answer


def test_a_date_that_changes_meanwhile_moves_the_wait() -> None:
    """Later: it waits on. To what is over by now: it is past, not on time."""
    arrived, planned, now = _at("2026-11-20 09:00"), _at("2026-12-10 00:00"), _at("2026-11-25 12:00")
    changed: dict[str, Any] = {"planned": now, "now": now, "early": True}
    assert _act({"field": "webinar_at"}, arrived, seen="2026-12-24", **changed) == Hold(_at("2026-12-24 00:00"))
    assert _act({"field": "webinar_at"}, arrived, seen="2026-11-24", **changed) == Go("", "past")
    assert _act({"field": "webinar_at"}, arrived, seen="2026-12-10", planned=planned, now=planned + DAY) == Go()


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        pytest.param({}, [("no_time", "w")], id="nothing said"),
        pytest.param({"past": []}, [("no_time", "w"), ("no_field", "w.past")], id="a way only"),
        pytest.param({"time": "9"}, [("bad_time", "w.time")], id="no time"),
        pytest.param({"time": 540}, [("bad_time", "w.time")], id="a number"),
        pytest.param({"days": "tuesday"}, [("bad_days", "w.days")], id="no day"),
        pytest.param({"time": "09:00", "offset": "1 day"}, [("no_field", "w.offset")], id="an offset of nothing"),
        pytest.param({"field": "size"}, [("no_date", "w.field")], id="a number for a date"),
        pytest.param({"field": "webinar"}, [("no_date", "w.field")], id="no such field"),
        pytest.param({"field": "webinar_at", "offset": "--1 day"}, [("bad_offset", "w.offset")], id="two signs"),
        pytest.param({"field": "webinar_at", "offset": "soon"}, [("bad_offset", "w.offset")], id="no offset"),
    ],
)
def test_what_is_wrong_is_a_finding(value: Any, findings: list[tuple[str, str]]) -> None:
    """With its path."""
    assert _read(value)[1] == findings


def test_it_says_itself() -> None:
    """In the words of both languages."""
    config, _ = _read({"field": "webinar_at", "offset": "-1 day", "time": "09:00", "days": "mon-fri"})
    said = wait_until.describe(config, "en")
    assert said == "Wait until: 1 day before “Webinar”, Monday to Friday, 09:00 where the lead is"
    assert wait_until.describe(config, "vi").startswith("Chờ đến: 1 ngày trước “Webinar”")


ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MINUTES = st.integers(0, 1439)
DAYS = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)


@given(ZONES, INSTANTS, MINUTES, DAYS)
def test_the_clock_shows_the_time_wherever_the_lead_is(
    zone: ZoneInfo, arrived: datetime, minute: int, days: set[str]
) -> None:
    """Never before the arrival, on one of the days, and at that time: or at the first instant after a gap."""
    clock = f"{minute // 60:02}:{minute % 60:02}"
    answer = _act({"time": clock, "days": ",".join(sorted(days))}, arrived, zone)
    until = arrived if isinstance(answer, Go) else answer.until
    assert until >= arrived
    wall = until.astimezone(zone)
    before = (until - timedelta(seconds=1)).astimezone(zone)
    jumped = wall.replace(tzinfo=None) - before.replace(tzinfo=None) > timedelta(seconds=1)
    assert jumped or f"{wall:%H:%M}" == clock
    assert jumped or f"{wall:%a}".lower() in days
    first = wall.replace(fold=0)
    assert first.astimezone(UTC) == until or until == arrived or jumped  # the first of two


@given(ZONES, INSTANTS, MINUTES)
def test_there_is_one_such_time_each_day(zone: ZoneInfo, arrived: datetime, minute: int) -> None:
    """None is passed over: within two days, whatever the clocks do; three where a day was left out."""
    answer = _act({"time": f"{minute // 60:02}:{minute % 60:02}"}, arrived, zone)
    assert isinstance(answer, Go) or answer.until - arrived <= timedelta(days=2, hours=2)


@given(ZONES, INSTANTS, st.dates(datetime(1990, 1, 1).date(), datetime(2060, 1, 1).date()), MINUTES)  # noqa: DTZ001
def test_a_date_in_any_zone_is_that_day_there(zone: ZoneInfo, arrived: datetime, day: Any, minute: int) -> None:
    """Held for, or past."""
    value = {"field": "webinar_at", "time": f"{minute // 60:02}:{minute % 60:02}"}
    answer = _act(value, arrived, zone, seen=day.isoformat())
    if isinstance(answer, Go):
        assert answer.outcome == "past" or arrived.astimezone(zone).date() == day
    else:
        assert answer.until > arrived
        assert abs(answer.until.astimezone(zone).date() - day) <= timedelta(days=1)


def test_now_is_where_the_tests_think_it_is() -> None:
    """A Friday, nine o'clock."""
    assert _at("2026-11-20 09:00") == NOW
