"""Known failures of other systems that have to do with the clock on the wall: DST, zones, Tết."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.context import Context
from tests.journeys.playing import House, add_leads, gaps, gone, keep_house, leads_in, local_times, publish_emails
from tests.journeys.playing import states as states_of
from tests.storage.ticking import DAY, HELLO, HOUR, apply, clock, places, rows

NEW_YORK = ZoneInfo("America/New_York")
NIGHTLY = """
key: nightly
name: Nightly
entry: {segment: everyone, existing: enroll}
steps:
  - {id: night, wait_until: {time: "02:30"}}
  - {id: first, send_email: hello}
  - {id: morning, wait_until: {time: "09:00"}}
  - {id: second, send_email: again}
  - {id: breathe, wait: 3 days}
  - {id: noon, wait_until: {time: "12:00"}}
  - {id: third, send_email: other}
"""
TUESDAYS = """
key: tuesdays
name: Tuesdays
entry: {segment: everyone, existing: enroll}
sending: {class: advertising, window: {days: mon-fri, from: "08:00", to: "18:00"}}
steps:
  - {id: tuesday, wait_until: {days: tue, time: "09:00"}}
  - {id: first, send_email: hello}
  - {id: once_more, jump: {to: tuesday, at_most: 5}}
"""
TET_IS_QUIET = 'quiet_hours: {from: "20:00", to: "08:00"}\ntet: {before: 7, after: 5}\n'
BEFORE_TET = datetime(2027, 1, 29, 2, 0, tzinfo=UTC)  # Friday at nine in Hanoi; the stop begins the day after
AFTER_TET = datetime(2027, 2, 12, 1, 0, tzinfo=UTC)


def _wall(text: str) -> datetime:
    """A time on some wall, in no zone."""
    return datetime.fromisoformat(text)


@pytest.fixture
def house(context: Context) -> House:
    """A running house with the emails that the journeys name."""
    publish_emails(context, "hello", "again", "other")
    return House(context)


@pytest.mark.parametrize(
    ("begun", "back", "planned_at"),
    [
        pytest.param("2027-03-13T20:00", "2027-03-14T06:00", 3, id="an hour is left out"),
        pytest.param("2027-11-06T20:00", "2027-11-07T06:00", 2.5, id="an hour comes twice"),
        pytest.param("2027-03-13T20:00", "2027-03-14T08:59", 3, id="up to the minute before"),
    ],
)
def test_a_process_stopped_over_a_dst_change(house: House, begun: str, back: str, planned_at: float) -> None:
    """Stopped before, started after: what was due goes once, what follows comes by the new clock on the wall."""
    context = house.context
    clock(context).engine_at = _wall(begun).replace(tzinfo=NEW_YORK).astimezone(UTC)
    leads_in(context, *["America/New_York"] * 3)
    apply(context, NIGHTLY)
    house.settle()
    assert gone(context, "id") == []
    start = _wall(back).replace(tzinfo=NEW_YORK).astimezone(UTC)
    house.stopped_until(start)
    assert gone(context, "template_key", "gone_at") == [("hello", start)] * 3
    house.on(10 * DAY)
    midnight = _wall(back[:10])
    walls = [_wall(back)] * 3 + [midnight + 9 * HOUR] * 3 + [midnight + 3 * DAY + 12 * HOUR] * 3
    assert local_times(context) == {"America/New_York": walls}
    planned = local_times(context, "planned_at")["America/New_York"][0]
    assert planned - midnight == planned_at * HOUR
    assert states_of(context) == {"sent": 9}
    assert set(places(context, "state", "reason")) == {("completed", "done")}
    twice = sa.select(passages.c.enrollment_id).group_by(passages.c.enrollment_id, passages.c.step)
    assert rows(context, twice.having(sa.func.count() > 1)) == []


def test_a_process_stopped_over_a_dst_change_keeps_the_plan(house: House) -> None:
    """Planned instants are those of a house that never stood still."""
    context = house.context
    begun = datetime(2027, 3, 13, 20, 0, tzinfo=NEW_YORK).astimezone(UTC)
    clock(context).engine_at = begun
    leads_in(context, "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Ho_Chi_Minh")
    apply(context, NIGHTLY)
    house.until(begun + 20 * HOUR)
    awake = _plans(context)
    with context.database.write() as conn:
        conn.execute(passages.delete())
        conn.execute(enrollments.update().values(state="exited", due_at=None))
    clock(context).engine_at = begun
    apply(context, NIGHTLY.replace("key: nightly", "key: stopped"))
    house.settle()
    for hours in (1, 14, 20):
        house.stopped_until(begun + hours * HOUR)
    assert _plans(context) == awake
    assert len(awake) == 8


def _plans(context: Context) -> dict[tuple[int, str], datetime]:
    """The planned instants of the two first waits, by lead."""
    query = sa.select(enrollments.c.lead_id, passages.c.step, passages.c.planned_at).join(
        passages, passages.c.enrollment_id == enrollments.c.id
    )
    return {(lead, step): at for lead, step, at in rows(context, query.where(passages.c.step.in_(["night", "first"])))}


def test_weekday_and_hour_in_zones_east_and_west_of_utc(house: House) -> None:
    """Each Tuesday at nine where the lead is, also over both changes of the clock; never on a Monday or a Wednesday."""
    context = house.context
    zones = ("Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati", "Asia/Ho_Chi_Minh")
    begun = datetime(2027, 3, 8, 18, 0, tzinfo=UTC)  # Monday in the west, Tuesday in the east of the world
    clock(context).engine_at = begun
    leads_in(context, *zones)
    apply(context, TUESDAYS)
    house.on(45 * DAY)
    found = local_times(context)
    for zone in zones:
        first = _wall("2027-03-09T09:00")
        if first.replace(tzinfo=ZoneInfo(zone)) < begun:
            first += 7 * DAY
        assert found[zone] == [first + week * 7 * DAY for week in range(6)]
    assert local_times(context, "planned_at") == found
    assert set(places(context, "state")) == {("completed",)}


WAITS = {
    "two days": "wait: 2 days",
    "a time of day": 'wait_until: {time: "10:00"}',
    "a weekday": 'wait_until: {days: thu, time: "09:00"}',
    "a click": "wait_for: {when: {clicked: {email: hello}}, within: 3 days}",
}


@pytest.mark.parametrize("wait", list(WAITS))
@pytest.mark.parametrize("known", [True, False], ids=["known before", "kept when it was queued already"])
def test_an_email_held_over_tet_while_its_successor_comes_due(house: House, wait: str, known: bool) -> None:
    """They never arrive together: what stands between the two is waited for after the first has gone."""
    context = house.context
    clock(context).engine_at = BEFORE_TET + DAY
    add_leads(context, 3)
    apply(context, HELLO.replace("wait: 2 days", WAITS[wait]))
    if known:
        keep_house(context, TET_IS_QUIET)
    else:
        tick(context)
        keep_house(context, TET_IS_QUIET)
    house.on(40 * DAY)
    letters = gone(context, "lead_id", "template_key", "gone_at")
    assert len(letters) == 6
    for lead in {one for one, _, _ in letters}:
        times = [at for one, _, at in letters if one == lead]
        assert times[0] == AFTER_TET
        assert gaps(times)[0] >= (2 * HOUR if wait == "a time of day" else 2 * DAY)
    assert set(places(context, "state")) == {("completed",)}


def test_an_email_held_over_tet_while_its_successor_comes_due_in_a_house_with_a_gap(house: House) -> None:
    """Two campaigns whose emails were both held: the least gap is kept when everything opens again."""
    context = house.context
    clock(context).engine_at = BEFORE_TET + 2 * DAY
    add_leads(context, 4)
    keep_house(context, TET_IS_QUIET + "gap: 20 hours\n")
    apply(context, HELLO, HELLO.replace("key: hello", "key: other"))
    house.on(30 * DAY)
    letters = gone(context, "lead_id", "gone_at")
    assert len(letters) == 16
    for lead in {one for one, _ in letters}:
        times = [at for one, at in letters if one == lead]
        assert times[0] == AFTER_TET
        assert min(gaps(times)) >= timedelta(hours=20)
