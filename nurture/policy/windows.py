"""Sending windows: on which days and between which local times mail may go. Right on both DST days of any zone.

An instant is inside when its local wall time is: on the day clocks go back the hour that comes twice counts twice, on
the day they go forward a window that falls wholly into the missing hour does not open.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from nurture.kernel.clock import aware
from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.kernel.zones import zone_named
from nurture.users.hours import DAYS, days_of

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = 24 * 60
_SECOND = timedelta(seconds=1)
_FARTHEST = 16  # days: a window of one weekday may miss one week to a clock change


@dataclass(frozen=True, slots=True)
class Window:
    """Days (0 is Monday) and minutes of the local day, `start` inside, `end` outside.

    When `end` is not after `start` the window runs over midnight and belongs to the day on which it opens.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, wall: datetime) -> bool:
        """Whether a local wall time is inside."""
        minute = wall.hour * 60 + wall.minute
        today = wall.weekday() in self.days
        if self.start < self.end:
            return today and self.start <= minute < self.end
        yesterday = (wall.weekday() - 1) % 7 in self.days
        return (today and minute >= self.start) or (yesterday and minute < self.end)

    def rest(self) -> "Window":
        """The part of each day that this window leaves, on every day: quiet hours the other way round."""
        return Window(frozenset(range(7)), self.end % _DAY, self.start)

    def meets(self, other: "Window") -> bool:
        """Whether some minute of the week is in both."""
        week = (datetime(2026, 11, 2, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(7 * _DAY))
        return any(self.holds(wall) and other.holds(wall) for wall in week)

    def to_json(self) -> dict[str, str]:
        """The window as it stands in YAML."""
        return {"days": _written(self.days), "from": _clock(self.start), "to": _clock(self.end)}


def read_window(data: Any) -> Window:
    """The window of `{days: mon-sat, from: "08:00", to: "20:00"}`. ValueError carries the Problems, paths relative."""
    problems: list[Problem] = []
    if not isinstance(data, Mapping):
        shape = Problem(
            "bad_window", N_("A window needs days, from and to"), N_('{days: mon-sat, from: "08:00", to: "20:00"}')
        )
        raise WindowError([shape])
    for key in data:
        if key not in {"days", "from", "to"}:
            known = (("key", str(key)), ("known", "days, from, to"))
            problems.append(
                Problem(
                    "unknown_key", N_("“%(key)s” is not known here"), N_("known are: %(known)s"), path=key, params=known
                )
            )
    days = _days(data.get("days", "mon-sun"), problems)
    start = _minute(data.get("from"), "from", problems)
    end = _minute(data.get("to"), "to", problems)
    if not problems and start == end:
        problems.append(Problem("bad_window", N_("A window may not end when it begins"), path="to"))
    if problems:
        raise WindowError(problems)
    return Window(days, start, end)


class WindowError(ValueError):
    """A window that cannot be used; `problems` says all of it, with paths within the window."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.text() for problem in problems))


def _days(data: Any, problems: list[Problem]) -> frozenset[int]:
    try:
        return frozenset(map(DAYS.index, days_of(str(data))))
    except ValueError:
        shown = (("value", str(data)),)
        problems.append(
            Problem("bad_days", N_("“%(value)s” are no days"), N_("such as: mon-sat"), path="days", params=shown)
        )
        return frozenset()


def _minute(data: Any, name: str, problems: list[Problem]) -> int:
    if name == "to" and data == "24:00":
        return _DAY
    match = _TIME.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        shown = (("value", str(data)),)
        problems.append(
            Problem("bad_time", N_("“%(value)s” is no time of day"), N_('such as: "08:00"'), path=name, params=shown)
        )
        return 0
    return int(match[1]) * 60 + int(match[2])


def _written(days: frozenset[int]) -> str:
    return ",".join(DAYS[day] for day in sorted(days)) if len(days) < 7 else "mon-sun"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@lru_cache(maxsize=1024)
def zone_of(name: str | None, fallback: str) -> ZoneInfo:
    """The zone of this name, or the fallback when there is none."""
    return (zone_named(name) if name else None) or ZoneInfo(fallback)


def opening(window: Window, zone: ZoneInfo, at: datetime) -> datetime:
    """The instant itself when it is inside, else the first instant after it that is. In UTC."""
    at = aware(at)
    wall = at.astimezone(zone)
    if window.holds(wall):
        return at
    for ahead in range(-1, _FARTHEST):
        days = (wall.date() + timedelta(days=ahead + more) for more in (0, 1))  # a clock change may swap the two
        candidates = (one for day in days for one in turns(zone, day, window.start))
        inside = [one for one in candidates if one > at and window.holds(one.astimezone(zone))]
        if inside:
            return min(inside)
    raise ValueError(f"this window never opens: {window}")


def turns(zone: ZoneInfo, day: date, *minutes: int) -> Iterator[datetime]:
    """The instants of a local day at which a rule about local time can change its answer: these minutes of the day,
    each as often as it comes, and where the clocks change."""
    for minute in minutes:
        wall = datetime.combine(day, time(minute // 60, minute % 60))
        for fold in (0, 1):
            instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if instant.astimezone(zone).replace(tzinfo=None) == wall:
                yield instant
    yield from (instant for instant in _changes(zone, day) if instant.astimezone(zone).date() == day)


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    """Where the zone's offset changes on or about a local day, to the second; nearly always nowhere."""
    begin = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=26)
    hours = [begin + timedelta(hours=2 * step) for step in range(39)]
    found = []
    for low, high in pairwise(hours):
        if _offset(zone, low) == _offset(zone, high):
            continue
        while high - low > _SECOND:
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if _offset(zone, middle) == _offset(zone, low) else (low, middle)
        found.append(high)
    return tuple(found)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
