"""Leads come in on a day of their own: a date field, plus or minus days, once or each year, at a time where they are.

Who was born on 29 February has the day on 28 February in other years. A date that is changed later does not make a
second occasion of the same year: half a year must lie between two.
"""

import re
from calendar import isleap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nurture.campaigns.entries import _local as local
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Occasion
from nurture.kernel.i18n import N_, translate, translate_plural
from nurture.kernel.spans import parse_span
from nurture.rules.facts import Type
from nurture.rules.titles import UNTITLED, Titles

_OFFSET = "^[+-]?[0-9]{1,4} ?(day|week|ngày|tuần)s?$"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "description": "A date field of the lead."},
        "yearly": {"type": "boolean", "description": "Each year on that day; 29 February is 28 February in others."},
        "at": local.TIME,
        "offset": {
            "type": "string",
            "pattern": _OFFSET,
            "description": "So long after that day; before it with a minus.",
        },
    },
    "required": ["field"],
    "additionalProperties": False,
    "description": "Whose day it is, where they are.",
}
_HALF_A_YEAR = timedelta(days=183)
_DAY = timedelta(days=1)
_SIGNED = re.compile(r"([+-]?) ?(.+)")
_FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Day:
    """The field whose day it is."""

    field: str
    label: str
    yearly: bool = False
    at: time = local.MORNING
    offset: timedelta = timedelta(0)  # whole days


def read(reading: Reading, value: Any, path: str) -> Day:
    """A date field there is."""
    parts = reading.mapping(value, path, required=("field",), optional=("yearly", "at", "offset"))
    key = str(parts.get("field", ""))
    known = {name: fact for name, fact in reading.facts.values.items() if fact.type is Type.DATE}
    if key and key not in known:
        reading.unknown("unknown_field", f"{path}.field", N_("There is no date field “%(word)s”"), key, known)
    yearly = parts.get("yearly", False)
    if not isinstance(yearly, bool):
        reading.wrong("not_a_flag", f"{path}.yearly", N_("“%(value)s” is neither true nor false"), value=yearly)
    at = local.read_time(reading, parts["at"], f"{path}.at") if parts.get("at") is not None else local.MORNING
    offset = _offset(reading, parts["offset"], f"{path}.offset") if parts.get("offset") is not None else timedelta(0)
    label = known[key].label if key in known else key
    return Day(key, label or key, yearly is True, at, offset)


def _offset(reading: Reading, data: Any, path: str) -> timedelta:
    match = _SIGNED.fullmatch(data.strip()) if isinstance(data, str) else None
    try:
        span = parse_span(match[2]) if match else timedelta(0)
    except ValueError:
        span = timedelta(0)
    if match is None or not span or span % _DAY or span > _FARTHEST:
        mend = N_("such as: 3 days, -1 week")
        reading.wrong("bad_offset", path, N_("“%(word)s” is no number of days before or after"), mend, word=data)
        return timedelta(0)
    return -span if match[1] == "-" else span


def recurs(config: Day) -> bool:
    """Each year, if it says so."""
    return config.yearly


def days(config: Day, since: datetime, until: datetime) -> list[str]:
    """Values of the field with an occasion between two instants in some zone: `2027-03-05`, or `03-05` if yearly."""
    wanted = [day - config.offset for day in local.days_between(since, until)]
    if not config.yearly:
        return [day.isoformat() for day in wanted]
    found = {f"{day:%m-%d}" for day in wanted}
    if any((day.month, day.day) == (2, 28) and not isleap(day.year) for day in wanted):
        found.add("02-29")
    return sorted(found)


def occasions_of(config: Day, value: str, since: datetime, until: datetime, zone: ZoneInfo) -> list[Occasion]:
    """The occasions of one lead after `since` and until `until`, the earliest first; named by the day itself."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return []
    years = range(since.year - 2, until.year + 3)
    found = [kept for year in years if (kept := in_year(day, year)) > day] if config.yearly else [day]
    named = [Occasion(local.instant(one + config.offset, config.at, zone), one.isoformat()) for one in found]
    return [one for one in named if since < one.at <= until]


def in_year(day: date, year: int) -> date:
    """The day in another year; of 29 February the day before where there is none."""
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return day.replace(year=year)


def taken_before(config: Day, name: str, earlier: Iterable[str]) -> str | None:
    """The day under another date on which this occasion was taken already; None when it was not."""
    if not config.yearly:
        return None
    day = date.fromisoformat(name)
    return next((one for one in earlier if one != name and abs(date.fromisoformat(one) - day) < _HALF_A_YEAR), None)


def describe(config: Day, language: str, _titles: Titles = UNTITLED) -> str:
    """`Leads whose “Birthday” is in 3 days, each year, at 09:00 where they are (…).`"""
    field, count = translate(language, config.label), abs(config.offset // _DAY)
    if config.offset > timedelta(0):
        one, many = "%(count)s day after “%(field)s”", "%(count)s days after “%(field)s”"
        when = translate_plural(language, one, many, count, field=field)
    elif config.offset:
        one, many = "%(count)s day before “%(field)s”", "%(count)s days before “%(field)s”"
        when = translate_plural(language, one, many, count, field=field)
    else:
        when = translate(language, "on the day of “%(field)s”", field=field)
    at = local.spoken(config.at)
    if config.yearly:
        said = N_("Each year %(when)s, at %(at)s where the lead is; 29 February is 28 February in other years.")
        return translate(language, said, when=when, at=at)
    return translate(language, "Leads come in %(when)s, at %(at)s where they are.", when=when, at=at)
