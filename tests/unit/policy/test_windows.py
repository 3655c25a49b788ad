"""Sending windows open and close by the lead's wall clock, on every day of the year, in every zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.policy.windows import Window, WindowError, opening, read_window, zone_of

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NEW_YORK = ZoneInfo("America/New_York")
WORKDAYS = read_window({"days": "mon-sat", "from": "08:00", "to": "20:00"})


@pytest.mark.parametrize(
    ("zone", "at", "opens"),
    [
        pytest.param(HANOI, "2026-11-02T02:00+00:00", "2026-11-02T02:00+00:00", id="inside stays"),
        pytest.param(HANOI, "2026-11-02T01:00+00:00", "2026-11-02T01:00+00:00", id="the first minute is inside"),
        pytest.param(HANOI, "2026-11-02T00:59:59+00:00", "2026-11-02T01:00+00:00", id="a second before waits one"),
        pytest.param(HANOI, "2026-11-02T13:00+00:00", "2026-11-03T01:00+00:00", id="the end is outside"),
        pytest.param(HANOI, "2026-11-07T13:30+00:00", "2026-11-09T01:00+00:00", id="Saturday night waits for Monday"),
        pytest.param(NEW_YORK, "2026-11-02T12:30+00:00", "2026-11-02T13:00+00:00", id="another zone, another hour"),
    ],
)
def test_mail_waits_for_the_opening(zone: ZoneInfo, at: str, opens: str) -> None:
    """Outside the window it is the next opening, inside it is now."""
    assert opening(WORKDAYS, zone, datetime.fromisoformat(at)) == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        # New York, 8 March 2026: 02:00 is followed by 03:00.
        pytest.param(
            ("02:15", "05:00"), "2026-03-08T06:00+00:00", "2026-03-08T07:00+00:00", id="the gap cuts the start"
        ),
        pytest.param(("02:15", "02:45"), "2026-03-08T06:00+00:00", "2026-03-09T06:15+00:00", id="all of it is missing"),
        # New York, 1 November 2026: 02:00 is followed by 01:00.
        pytest.param(("01:00", "01:30"), "2026-11-01T04:00+00:00", "2026-11-01T05:00+00:00", id="the first time round"),
        pytest.param(
            ("01:00", "01:30"), "2026-11-01T05:40+00:00", "2026-11-01T06:00+00:00", id="the second time round"
        ),
        pytest.param(("00:30", "01:30"), "2026-11-01T05:40+00:00", "2026-11-01T06:00+00:00", id="thrown back inside"),
        pytest.param(("22:00", "06:00"), "2026-11-01T01:00+00:00", "2026-11-01T02:00+00:00", id="over midnight"),
    ],
)
def test_days_of_clock_changes_are_right(window: tuple[str, str], at: str, opens: str) -> None:
    """Gaps and folds move the opening as the wall clock says."""
    read = read_window({"days": "mon-sun", "from": window[0], "to": window[1]})
    assert opening(read, NEW_YORK, datetime.fromisoformat(at)) == datetime.fromisoformat(opens)


def test_an_opening_over_midnight_belongs_to_its_first_day() -> None:
    """Friday's night window still holds on Saturday morning, and not on Sunday."""
    window = read_window({"days": "fri", "from": "22:00", "to": "06:00"})
    saturday = datetime(2026, 11, 7, 5, 0, tzinfo=HANOI)
    sunday = datetime(2026, 11, 8, 5, 0, tzinfo=HANOI)
    assert opening(window, HANOI, saturday) == saturday
    assert opening(window, HANOI, sunday) == datetime(2026, 11, 13, 22, 0, tzinfo=HANOI)


ZONES = ["Asia/Ho_Chi_Minh", "America/St_Johns", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia", "Africa/Cairo"]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(ZONES),
    seconds=st.integers(1_136_000_000, 1_893_000_000),  # 2006 to 2029
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 1439),
    length=st.integers(1, 1439),
)
def test_nothing_earlier_is_inside(name: str, seconds: int, days: frozenset[int], start: int, length: int) -> None:
    """The opening is inside, and no quarter of an hour before it is."""
    zone, begin = ZoneInfo(name), datetime.fromtimestamp(seconds, UTC)
    window = Window(days, start, (start + length) % 1440)
    opens = opening(window, zone, begin)
    assert window.holds(opens.astimezone(zone))
    instant = begin
    while instant < opens:
        assert not window.holds(instant.astimezone(zone))
        instant += timedelta(minutes=15)


def test_all_flaws_of_a_window_are_said_at_once() -> None:
    """Days, both times and unknown keys, each with its path."""
    with pytest.raises(WindowError) as caught:
        read_window({"days": "mo-fr", "from": "8 o'clock", "to": "25:00", "zone": "x"})
    assert {problem.path for problem in caught.value.problems} == {"days", "from", "to", "zone"}


def test_a_window_reads_what_it_wrote() -> None:
    """Its JSON is its YAML."""
    window = read_window({"days": "sat-mon,wed", "from": "8:00", "to": "24:00"})
    assert window.to_json() == {"days": "mon,wed,sat,sun", "from": "08:00", "to": "24:00"}
    assert read_window(window.to_json()) == window


def test_an_unknown_zone_falls_back() -> None:
    """A lead's odd zone stops nothing."""
    assert zone_of("Mars/Olympus", "Asia/Ho_Chi_Minh") == HANOI
    assert zone_of(None, "Asia/Ho_Chi_Minh") == HANOI


def test_a_window_within_the_hour_that_comes_twice_opens_twice() -> None:
    """In New York the clocks go back from two to one; what missed the first pass goes in the second."""
    new_york = ZoneInfo("America/New_York")
    window = read_window({"from": "01:30", "to": "01:45"})
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30 in summer time
    assert opening(window, new_york, first - timedelta(hours=2)) == first
    assert opening(window, new_york, first + timedelta(minutes=20)) == first + timedelta(hours=1)
