"""From wall clocks to instants, right through clock changes: what a local time of a local day means in any zone. Pure.

A time that comes twice means the first of the two. A time that is left out means the first instant after the gap.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(zone: ZoneInfo, day: date, minute: int = 0) -> datetime:
    """The instant, in UTC, at which it is this minute of this day. OverflowError beyond the years 1 to 9999."""
    return at_wall(zone, datetime.combine(day, time(minute // 60, minute % 60)))


def at_wall(zone: ZoneInfo, wall: datetime) -> datetime:
    """The instant, in UTC, at which the clocks of a zone show this (naive) time."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return late
    # In a gap the clock of before gives an instant after the change, and the clock of after one before it.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = late.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle <= early:
            middle = early + _SECOND
        if middle.astimezone(zone).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def exists(zone: ZoneInfo, day: date) -> bool:
    """Whether a zone has this day at all: at the date line some were left out."""
    return instant(zone, day).astimezone(zone).date() == day or instant(zone, day, 1439).astimezone(zone).date() == day
