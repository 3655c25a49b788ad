"""In every zone, on the days the clocks change too: what policy gives is allowed, the first such, and never before."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nurture.policy.caps import Cap
from nurture.policy.days import Calendar, OwnDays
from nurture.policy.decide import Defer, Policy, Send, decide, is_allowed
from nurture.policy.hours import allowed_time
from nurture.policy.house import House
from nurture.policy.windows import Window

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LOOKED = 2 * 24 * 60  # minutes that are tried one by one


@lru_cache(maxsize=4000)
def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """About where the offset changes in a year, to six hours."""
    found, at = [], datetime(year, 1, 1, tzinfo=UTC)
    for _ in range(4 * 366):
        later = at + timedelta(hours=6)
        if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            found.append(at)
        at = later
    return found


@st.composite
def instants(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a full minute in it, more often than not near a change of its clocks."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    year = draw(st.integers(1995, 2036))
    start = draw(st.sampled_from([*changes(zone, year), datetime(year, draw(st.integers(1, 12)), 1, tzinfo=UTC)]))
    return zone, start + draw(st.one_of(st.integers(0, 8 * 60), st.integers(-40 * 60, 40 * 60))) * MINUTE


minutes = st.one_of(st.integers(0, 24 * 60 - 1), st.sampled_from([0, 60, 90, 120, 150, 180, 23 * 60]))
days = st.one_of(st.just(frozenset(range(7))), st.frozensets(st.integers(0, 6), min_size=1))


@st.composite
def windows(draw: st.DrawFn) -> Window | None:
    """Any window, over midnight too, or none."""
    start, end = draw(minutes), draw(minutes)
    return None if start == end else Window(draw(days), start, end)


@st.composite
def near(draw: st.DrawFn, at: datetime, zone: ZoneInfo) -> Window:
    """A short window about the time of day of an instant, so that a change of clocks repeats it or leaves it out."""
    wall = at.astimezone(zone)
    start = (wall.hour * 60 + wall.minute + draw(st.integers(-90, 90))) % (24 * 60)
    return Window(frozenset(range(7)), start, (start + draw(st.integers(5, 60))) % (24 * 60))


@st.composite
def policies(draw: st.DrawFn, at: datetime, zone: ZoneInfo) -> tuple[Policy, House, list[datetime]]:
    """A campaign's policy, a house's with closed days near the instant, and mails that went before it."""
    first: date = at.astimezone(zone).date() + draw(st.integers(-1, 1)) * DAY
    closed = draw(st.booleans())
    own = (OwnDays(first, first + draw(st.integers(0, 1)) * DAY),) if closed else ()
    gone = [at - draw(st.integers(1, 3000)) * MINUTE for _ in range(draw(st.integers(0, 3)))]
    cap = draw(st.sampled_from([None, Cap(1, DAY), Cap(2, timedelta(hours=30))]))
    gap = draw(st.sampled_from([None, timedelta(hours=20), timedelta(minutes=90)]))
    return (
        Policy(draw(windows()), draw(st.sampled_from([None, Cap(2, DAY)]))),
        House(draw(windows()), Calendar(own=own), cap, gap),
        gone,
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), instants())
def test_what_is_given_is_the_first_instant_that_is_allowed(
    data: st.DataObject, when: tuple[ZoneInfo, datetime]
) -> None:
    """Compared with trying every minute of two days."""
    zone, at = when
    policy, house, gone = data.draw(policies(at, zone))
    tried = (at + number * MINUTE for number in range(LOOKED))
    first = next((one for one in tried if is_allowed(policy, zone, one, house=house, gone=gone)), None)
    found = decide(policy, zone, at, house=house, gone=gone)
    match found:
        case Send():
            assert first == at
        case Defer(until):
            assert until > at
            if first is None:
                assert until >= at + LOOKED * MINUTE
            else:
                assert until == first
        case other:
            raise AssertionError(other)


@settings(max_examples=120, deadline=None)
@given(st.data(), instants())
def test_asked_again_then_it_says_yes(data: st.DataObject, when: tuple[ZoneInfo, datetime]) -> None:
    """So that nothing is put off twice for the same reason, and no jump of a clock sends twice."""
    zone, at = when
    policy, house, gone = data.draw(policies(at, zone))
    found = decide(policy, zone, at, house=house, gone=gone)
    assume(isinstance(found, Defer) and found.reason != "never_open")
    assert isinstance(found, Defer)
    assert decide(policy, zone, found.until, house=house, gone=gone) == Send()
    assert is_allowed(policy, zone, found.until, house=house, gone=gone)
    limited = House(house.window, house.calendar, Cap(1, DAY))
    if isinstance(decide(policy, zone, found.until, house=limited), Send):
        again = decide(policy, zone, found.until, house=limited, gone=[found.until])
        assert isinstance(again, Defer)
        assert again.until >= found.until + DAY


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), instants(), st.integers(0, LOOKED))
def test_allowed_time_is_that_of_its_minutes(data: st.DataObject, when: tuple[ZoneInfo, datetime], count: int) -> None:
    """Each minute that is allowed counts once, those that come twice on a wall twice."""
    zone, at = when
    policy, house, _ = data.draw(policies(at, zone))
    open_at, hours = Policy(policy.window), House(house.window, house.calendar)
    allowed = sum(is_allowed(open_at, zone, at + number * MINUTE, house=hours) for number in range(count))
    assert allowed_time(policy, house, zone, at, at + count * MINUTE) == allowed * MINUTE
