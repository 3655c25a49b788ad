"""Days, rates and warm-up of a relay."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.delivery import limits
from nurture.delivery.limits import Booked, Bucket, Limits

HANOI, NEW_YORK = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # 12:00 in Hanoi


def _day(**values: object) -> Limits:
    return Limits(**{"zone": HANOI, "per_day": 500, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "slots", "room"),
    [
        (_day(), [], 500),
        (_day(), [(NOON - timedelta(hours=1), 200)], 300),
        (_day(), [(NOON - timedelta(hours=13), 200)], 500),  # yesterday in Hanoi
        (_day(rolling=True), [(NOON - timedelta(hours=13), 200)], 300),
        (_day(rolling=True), [(NOON - timedelta(hours=24, minutes=14), 200)], 300),  # part of its slot still counts
        (_day(rolling=True), [(NOON - timedelta(hours=24, minutes=15), 200)], 500),
        (_day(), [(NOON, 700)], 0),
        (Limits(HANOI), [(NOON, 700)], None),
        (_day(warm_since=date(2026, 11, 22), warm_steps=(50, 100)), [(NOON, 30)], 70),
        (_day(warm_since=date(2026, 11, 21), warm_steps=(50, 100)), [], 500),  # the ramp is over
        (_day(warm_since=date(2026, 12, 1), warm_steps=(50, 100)), [], 50),  # not begun: as on its first day
    ],
    ids=["new", "used", "yesterday", "rolling", "slot", "slot-over", "over", "none", "warm", "warm-over", "warm-early"],
)
def test_what_a_day_leaves(found: Limits, slots: limits.Slots, room: int | None) -> None:
    """By the calendar of the relay's zone or over 24 hours, and under the ramp's step."""
    assert limits.room(found, slots, NOON) == room


def test_a_warm_up_doubles_by_day_until_the_quota() -> None:
    """Each day has its own step, where none are given from 50 on."""
    ramp = _day(warm_since=date(2026, 11, 23))
    assert [ramp.of_day(date(2026, 11, 23 + n)) for n in range(5)] == [50, 100, 200, 400, 500]


def test_a_day_has_room_again_at_midnight_where_the_relay_counts() -> None:
    """Also where the clocks change: the day of 25 hours lasts 25 hours."""
    full = [(NOON, 500)]
    assert limits.opens_at(_day(), full, NOON) == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    evening = datetime(2026, 11, 1, 3, 30, tzinfo=UTC)  # 23:30 of October 31 in New York
    there = _day(zone=NEW_YORK)
    first = limits.opens_at(there, [(evening, 500)], evening)
    assert first == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert limits.after_opening(there, first) - first == timedelta(hours=25)
    assert limits.used_today(there, [(first + timedelta(hours=24, minutes=30), 7)], first + timedelta(hours=24.9)) == 7


def test_a_rolling_day_has_room_again_when_its_oldest_slot_is_past() -> None:
    """Not all at once: what has gone at noon is free after noon."""
    slots = [(NOON - timedelta(hours=2), 300), (NOON, 200)]
    opening = limits.opens_at(_day(rolling=True), slots, NOON)
    assert opening == NOON + timedelta(hours=22, minutes=15)
    assert limits.room(_day(rolling=True), slots, opening) == 300


def test_mail_to_leads_leaves_the_reserve() -> None:
    """A day that has only the reserve left opens for leads on the next."""
    assert limits.opens_at(_day(reserve=10), [(NOON, 489)], NOON) == NOON
    assert limits.opens_at(_day(reserve=10), [(NOON, 490)], NOON) > NOON


def test_what_waits_is_booked_day_after_day() -> None:
    """So many on each day as it takes; the last of 1,200 over a used-up day of 500 goes on the third."""
    opening, booked = limits.next_day(_day(), NOON), Booked()
    days = []
    for _ in range(1_200):
        at, booked = limits.book(_day(), opening, booked)
        days.append(at)
    assert [days.count(opening + n * timedelta(days=1)) for n in range(3)] == [500, 500, 200]


def test_a_bucket_lets_as_many_go_as_its_rate() -> None:
    """A quarter of a second's worth at once, then by time."""
    bucket = limits.fresh(20.0, NOON).filled(NOON)
    assert bucket.free == 5
    empty = bucket.taken(5)
    assert (empty.free, empty.next_at()) == (0, NOON + timedelta(seconds=0.05))
    assert empty.filled(NOON + timedelta(seconds=0.1)).free == 2
    assert empty.filled(NOON + timedelta(days=1)).free == 5


def test_what_finds_no_token_is_spread_over_time() -> None:
    """One behind the other at the rate; those too far off come again within minutes, at random."""
    bucket = Bucket(1.0, 0.0, NOON)
    slots = []
    for number in range(700):
        at, bucket = bucket.book(number / 700)
        slots.append((at - NOON).total_seconds())
    assert slots[:3] == [1.0, 2.0, 3.0]
    assert all(300 <= one <= 600 for one in slots[601:])


def test_a_learned_rate_falls_by_half_and_grows_slowly() -> None:
    """A quarter more for each ten quiet minutes; in the end it is no limit."""
    assert limits.slowed(None, seen=40.0) == 1.0
    assert limits.slowed(None, seen=0.5) == 0.25
    assert limits.slowed(1.0, seen=0.0) == 0.5
    assert limits.slowed(limits.LEAST, seen=0.0) == limits.LEAST
    assert limits.grown(1.0, NOON, NOON + timedelta(minutes=9)) == 1.0
    assert limits.grown(1.0, NOON, NOON + timedelta(minutes=21)) == 1.5625
    assert limits.grown(1.0, NOON, NOON + timedelta(hours=4)) is None
