"""When an alert's email goes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from nurture.alerts.model import EmailWay, Hours, Mailing
from nurture.alerts.timing import ALWAYS, day_start, hours, mailing, working
from nurture.kernel.reasons import Reason

ZONE = "Asia/Ho_Chi_Minh"
OFFICE = hours({"days": "mon-fri", "from": "08:00", "to": "17:30"}, ZONE, ())
MONDAY_9 = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # 09:00 in Asia/Ho_Chi_Minh


def _local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("at", "start"),
    [
        pytest.param(_local(2, 9), _local(2, 9), id="at work"),
        pytest.param(_local(2, 7, 59), _local(2, 8), id="before work"),
        pytest.param(_local(2, 17, 30), _local(3, 8), id="the end is outside"),
        pytest.param(_local(6, 22), _local(9, 8), id="friday night waits for monday"),
    ],
)
def test_outside_working_hours_the_next_ones_begin(at: datetime, start: datetime) -> None:
    """Local time, days off passed over."""
    assert working(OFFICE, at) == start


def test_days_away_are_passed_over() -> None:
    """Two absences that touch are one."""
    away = ((date(2026, 11, 2), date(2026, 11, 4)), (date(2026, 11, 5), date(2026, 11, 6)))
    assert working(hours({"days": "mon-fri", "from": "08:00", "to": "17:30"}, ZONE, away), MONDAY_9) == _local(9, 8)


@pytest.mark.parametrize("stored", [{}, {"days": "never"}, {"from": "17:00", "to": "17:00"}])
def test_hours_that_say_nothing_mean_always(stored: dict[str, str]) -> None:
    """Nobody misses an alert for want of a setting."""
    assert hours(stored, ZONE, ()) == Hours(ALWAYS, ZONE)


@pytest.mark.parametrize(
    ("at", "mailed", "expected"),
    [
        pytest.param(MONDAY_9, 0, Mailing(EmailWay.NOW), id="at once"),
        pytest.param(MONDAY_9, 9, Mailing(EmailWay.NOW), id="the tenth of the day"),
        pytest.param(
            MONDAY_9, 10, Mailing(EmailWay.DIGEST, Reason.DAILY_CEILING, _local(3, 8)), id="the eleventh waits"
        ),
        pytest.param(
            _local(2, 22), 0, Mailing(EmailWay.DIGEST, Reason.NIGHT_DIGEST, _local(3, 8)), id="the night waits"
        ),
        pytest.param(
            _local(6, 9), 10, Mailing(EmailWay.DIGEST, Reason.DAILY_CEILING, _local(9, 8)), id="over the weekend"
        ),
    ],
)
def test_an_email_goes_now_or_with_the_digest(at: datetime, mailed: int, expected: Mailing) -> None:
    """Ten a day, within working hours."""
    assert mailing(OFFICE, at, mailed, 10) == expected


def test_the_local_day_begins_at_local_midnight() -> None:
    """So that the ceiling is one of the owner's own days."""
    assert day_start(ZONE, MONDAY_9) == datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
