"""Late is what could not go for too many hours in which it was allowed, because nothing ran."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.policy.days import Calendar, Tet
from nurture.policy.decide import Policy
from nurture.policy.hours import allowed_time, is_late
from nurture.policy.house import House
from nurture.policy.windows import read_window

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
HOUR = timedelta(hours=1)
HOUSE = House(read_window({"from": "08:00", "to": "20:00"}), Calendar(tet=Tet()), late_start=6 * HOUR)
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=HANOI)  # a Monday


def test_nights_and_days_off_are_no_hours_in_which_it_could_have_gone() -> None:
    """Twelve hours a day, none over Tết."""
    assert allowed_time(Policy(), HOUSE, HANOI, MORNING, MORNING + 24 * HOUR) == 12 * HOUR
    before = datetime(2027, 1, 29, 19, 0, tzinfo=HANOI)
    after = datetime(2027, 2, 12, 9, 0, tzinfo=HANOI)
    assert allowed_time(Policy(), HOUSE, HANOI, before, after) == 2 * HOUR


@pytest.mark.parametrize(
    ("outage", "late"),
    [
        pytest.param((-1 * HOUR, 5 * HOUR), False, id="five hours, the first was before it was due"),
        pytest.param((0 * HOUR, 7 * HOUR), True, id="seven hours of the day"),
        pytest.param((9 * HOUR, 25 * HOUR), False, id="two in the evening, twelve of the night, two in the morning"),
        pytest.param((9 * HOUR, 30 * HOUR), True, id="two in the evening, seven in the morning"),
        pytest.param((31 * HOUR, 90 * HOUR), False, id="not over yet: it had been looked at"),
    ],
)
def test_only_standstills_after_it_was_due_count(outage: tuple[timedelta, timedelta], late: bool) -> None:
    """And of them only what was allowed; the look is thirty hours after it was due."""
    span = (MORNING + outage[0], MORNING + outage[1])
    assert is_late(Policy(), HOUSE, HANOI, MORNING, MORNING + 30 * HOUR, [span]) is late


def test_a_wait_without_a_standstill_is_never_late() -> None:
    """A slow relay, a paused campaign, a backlog: the engine ran."""
    assert not is_late(Policy(), HOUSE, HANOI, MORNING, MORNING + 900 * HOUR, [])


def test_standstills_add_up() -> None:
    """Two of four hours are eight."""
    spans = [(MORNING, MORNING + 4 * HOUR), (MORNING + 5 * HOUR, MORNING + 9 * HOUR)]
    assert is_late(Policy(), HOUSE, HANOI, MORNING, MORNING + 10 * HOUR, spans)


def test_a_house_that_does_not_mind_holds_nothing() -> None:
    """Without late_start."""
    assert not is_late(Policy(), House(), HANOI, MORNING, MORNING + 90 * HOUR, [(MORNING, MORNING + 90 * HOUR)])
