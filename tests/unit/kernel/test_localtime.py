"""A local time means one instant, through gaps and folds of every zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.localtime import at_wall, exists, instant

SECOND = timedelta(seconds=1)
ZONES = sorted(available_timezones())
WALLS = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda wall: wall.replace(second=0, microsecond=0))  # noqa: DTZ001
# Walls about which clocks change, so that gaps and folds are met often.
CHANGING = st.sampled_from(
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 30)),  # noqa: DTZ001
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 30)),  # noqa: DTZ001
        ("America/New_York", datetime(2026, 3, 8, 2, 15)),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 10)),  # noqa: DTZ001 - half an hour
        ("Pacific/Apia", datetime(2011, 12, 30, 9, 0)),  # noqa: DTZ001 - a day left out
        ("Asia/Ho_Chi_Minh", datetime(1975, 6, 13, 0, 30)),  # noqa: DTZ001
        ("America/Sao_Paulo", datetime(2018, 11, 4, 0, 0)),  # noqa: DTZ001 - midnight left out
    ]
)


def _wall(zone: ZoneInfo, at: datetime) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _holds(name: str, wall: datetime) -> None:
    zone = ZoneInfo(name)
    at = at_wall(zone, wall)
    shown = _wall(zone, at)
    if shown == wall:  # the first instant of this wall time
        other = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        assert at <= other or _wall(zone, other) != wall
    else:  # the first instant after the gap
        assert shown > wall
        assert _wall(zone, at - SECOND) < wall


@given(st.sampled_from(ZONES), WALLS)
def test_any_wall_time_of_any_zone(name: str, wall: datetime) -> None:
    """It is shown at that instant, or left out just before."""
    _holds(name, wall)


@given(CHANGING, st.integers(-90, 90))
def test_wall_times_about_a_change(change: tuple[str, datetime], minutes: int) -> None:
    """The same about clock changes."""
    _holds(change[0], change[1] + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("zone", "day", "minute", "at"),
    [
        pytest.param("Asia/Ho_Chi_Minh", date(2026, 11, 2), 540, datetime(2026, 11, 2, 2, tzinfo=UTC), id="no change"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), 150, datetime(2026, 3, 29, 1, tzinfo=UTC), id="gap"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), 150, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="fold"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), 540, datetime(2011, 12, 30, 10, tzinfo=UTC), id="no such day"),
    ],
)
def test_known_changes(zone: str, day: date, minute: int, at: datetime) -> None:
    """Worked out by hand."""
    assert instant(ZoneInfo(zone), day, minute) == at


def test_a_day_that_a_zone_left_out_is_known() -> None:
    """Samoa went from 29 to 31 December 2011; a day that only lacks midnight is there."""
    assert not exists(ZoneInfo("Pacific/Apia"), date(2011, 12, 30))
    assert exists(ZoneInfo("Pacific/Apia"), date(2011, 12, 31))
    assert exists(ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4))
