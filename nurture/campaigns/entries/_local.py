"""Local days and times that entries name, and the instants they are. Pure.

A time that a clock change leaves out comes as much later as the clocks go forward; one that comes twice is the first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_

TIME = {
    "type": "string",
    "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$",
    "description": "A time of day, 09:00 if unsaid.",
}
MORNING = time(9)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAY = timedelta(days=1)
# How far a local day can lie from the same instant's day in UTC.
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)


def read_time(reading: Reading, value: object, path: str) -> time:
    """A time of day such as `09:00`."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        reading.wrong("bad_time", path, N_("“%(value)s” is no time of day"), N_('such as: "08:00"'), value=value)
        return MORNING
    return time(int(match[1]), int(match[2]))


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a local day and time, in UTC."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def days_between(since: datetime, until: datetime, zone: ZoneInfo | None = None) -> Iterator[date]:
    """Every local day that has a moment between two instants; without a zone, in any zone there is."""
    if zone is None:
        day, last = (since.astimezone(UTC) - _BEHIND).date(), (until.astimezone(UTC) + _AHEAD).date()
    else:
        day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        yield day
        day += _DAY


def spoken(at: time) -> str:
    """`09:00`."""
    return f"{at:%H:%M}"
