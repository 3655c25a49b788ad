"""Hours and number of calls that advertise."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.policy.calls import Advice, advise
from nurture.policy.laws import profile

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def _at(hour: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=HANOI).astimezone(UTC)


@pytest.mark.parametrize(
    ("hour", "called", "expected"),
    [
        (10, [], Advice()),
        (7, [], Advice(hour=True, until=_at(8))),
        (17, [], Advice(hour=True, until=_at(8, 24))),
        (10, [_at(9)], Advice(often=True, until=_at(9, 24))),
        (10, [_at(16, 22)], Advice(often=True, until=_at(16))),
        (10, [_at(9, 22)], Advice()),
        (18, [_at(16)], Advice(hour=True, often=True, until=_at(16, 24))),
    ],
    ids=["by day", "early", "late", "called today", "called yesterday", "a day ago", "both"],
)
def test_one_call_a_day_by_daylight(hour: int, called: list[datetime], expected: Advice) -> None:
    """And when it may be made."""
    assert advise(profile("vn"), HANOI, _at(hour), called) == expected


def test_other_laws_say_nothing_of_calls() -> None:
    """A refusal is one everywhere."""
    night = _at(3)
    assert advise(profile("eu"), HANOI, night, [night - timedelta(minutes=1)]).is_free
    assert not advise(profile("none"), HANOI, night, refused=True).is_free
