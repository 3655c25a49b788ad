"""Whoever is in a segment comes in at set times, again and again: each Monday, every two weeks, on the 1st of a month.

The times are those of the house. A month that has no such day takes its last one.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from nurture.campaigns.entries import _local as local
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Occasion
from nurture.kernel.i18n import N_, translate, translate_plural
from nurture.kernel.text import fold
from nurture.rules.titles import UNTITLED, Titles
from nurture.users.hours import DAYS, days_of

_EVERY = "^[1-9][0-9]? ?(day|week|month|ngày|tuần|tháng)s?$"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "segment": {"type": "string", "description": "Whoever is in it then comes in."},
        "days": {"type": "string", "description": "Days of the week, such as mon or mon-fri."},
        "at": local.TIME,
        "every": {"type": "string", "pattern": _EVERY, "description": "1 week if unsaid, 1 month with a day."},
        "day": {
            "type": "integer",
            "minimum": 1,
            "maximum": 31,
            "description": "Of the month; its last if it is shorter.",
        },
        "from": {"type": "string", "format": "date", "description": "The first day; what every counts from."},
    },
    "required": ["segment"],
    "additionalProperties": False,
    "description": "At set times of the house whoever is in a segment comes in.",
}
_UNITS = {"day": "day", "ngay": "day", "week": "week", "tuan": "week", "month": "month", "thang": "month"}
_FORM = re.compile(r"([1-9][0-9]?) ?([a-z]+)")
_WEEK = 7
_SENTENCES = {
    "day": (N_("every day"), "every %(count)s day", "every %(count)s days"),
    "week": (N_("every week"), "every %(count)s week", "every %(count)s weeks"),
    "month": (N_("every month"), "every %(count)s month", "every %(count)s months"),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When, and who. `weekdays` counts from Monday, 0; `start` is given where `count` is more than 1."""

    segment: str
    unit: str = "week"  # day | week | month
    count: int = 1
    weekdays: frozenset[int] = frozenset()
    day: int = 0  # of the month
    at: time = local.MORNING
    start: date | None = None


def read(reading: Reading, value: Any, path: str) -> Schedule:
    """A schedule that can come due."""
    parts = reading.mapping(value, path, required=("segment",), optional=("days", "at", "every", "day", "from"))
    segment = reading.segment(parts["segment"], f"{path}.segment") if parts.get("segment") is not None else ""
    unit, count = ("month" if "day" in parts else "week"), 1
    if parts.get("every") is not None:
        unit, count = _every(reading, parts["every"], f"{path}.every")
    weekdays = _weekdays(reading, parts["days"], f"{path}.days") if parts.get("days") is not None else frozenset()
    day = _day(reading, parts["day"], f"{path}.day") if parts.get("day") is not None else 0
    at = local.read_time(reading, parts["at"], f"{path}.at") if parts.get("at") is not None else local.MORNING
    start = _start(reading, parts["from"], f"{path}.from") if parts.get("from") is not None else None
    _refuse_gaps(reading, parts, path, unit, count)
    return Schedule(segment, unit, count, weekdays, day, at, start)


def _refuse_gaps(reading: Reading, parts: Mapping[str, Any], path: str, unit: str, count: int) -> None:
    """What a schedule lacks, or has too much."""
    if unit == "week" and parts.get("days") is None:
        reading.wrong("no_days", path, N_("It is not said on which days"), N_("such as: days: mon"))
    if unit == "month" and parts.get("day") is None:
        reading.wrong("no_day", path, N_("It is not said on which day of the month"), N_("such as: day: 1"))
    if unit != "month" and parts.get("day") is not None:
        reading.wrong("stray_day", f"{path}.day", N_("A day of the month needs every: 1 month"))
    if unit == "month" and parts.get("days") is not None:
        reading.wrong("stray_days", f"{path}.days", N_("Days of the week do not go with months"))
    if count > 1 and parts.get("from") is None:
        reading.wrong("no_start", path, N_("It is not said from which day to count"), N_("such as: from: 2027-01-04"))


def _every(reading: Reading, data: Any, path: str) -> tuple[str, int]:
    match = _FORM.fullmatch(fold(data)) if isinstance(data, str) else None
    unit = (_UNITS.get(match[2]) or _UNITS.get(match[2].removesuffix("s"))) if match else None
    if match is None or unit is None:
        reading.wrong(
            "bad_every", path, N_("“%(word)s” is no rhythm"), N_("such as: 1 week, 2 weeks, 1 month"), word=data
        )
        return "week", 1
    return unit, int(match[1])


def _weekdays(reading: Reading, data: Any, path: str) -> frozenset[int]:
    try:
        return frozenset(map(DAYS.index, days_of(str(data))))
    except ValueError:
        reading.wrong("bad_days", path, N_("“%(value)s” are no days"), N_("such as: mon-sat"), value=data)
        return frozenset()


def _day(reading: Reading, data: Any, path: str) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or not 1 <= data <= 31:
        message = N_("A whole number from %(low)s to %(high)s belongs here")
        reading.wrong("not_a_number", path, message, low=1, high=31)
        return 1
    return data


def _start(reading: Reading, data: Any, path: str) -> date | None:
    try:
        return date.fromisoformat(str(data))
    except ValueError:
        reading.wrong("bad_day", path, N_("“%(value)s” is not a day"), N_("write such as 2026-11-22"), value=data)
        return None


def recurs(_config: Schedule) -> bool:
    """At each occasion."""
    return True


def occasions(config: Schedule, since: datetime, until: datetime, zone: ZoneInfo) -> list[Occasion]:
    """The occasions after `since` and until `until`, the earliest first; named by their local wall time."""
    found = [
        Occasion(local.instant(day, config.at, zone), f"{day.isoformat()}T{local.spoken(config.at)}")
        for day in local.days_between(since, until, zone)
        if is_on(config, day)
    ]
    return [one for one in found if since < one.at <= until]


def is_on(config: Schedule, day: date) -> bool:
    """Whether it falls on this day."""
    if config.start is not None and day < config.start:
        return False
    if config.weekdays and day.weekday() not in config.weekdays:
        return False
    if config.unit == "month" and day.day != min(config.day, monthrange(day.year, day.month)[1]):
        return False
    return config.start is None or _passed(config.unit, config.start, day) % config.count == 0


def _passed(unit: str, start: date, day: date) -> int:
    """How many days, weeks or months of the calendar lie between."""
    if unit == "month":
        return (day.year - start.year) * 12 + day.month - start.month
    if unit == "week":
        return (day - (start - timedelta(days=start.weekday()))).days // _WEEK
    return (day - start).days


def describe(config: Schedule, language: str, titles: Titles = UNTITLED) -> str:
    """`Whoever is in the segment “…”: every 2 weeks, Monday, at 09:00.`"""
    single, one, many = _SENTENCES[config.unit]
    rhythm = translate(language, single) if config.count == 1 else translate_plural(language, one, many, config.count)
    parts = [rhythm]
    if config.weekdays and len(config.weekdays) < _WEEK:
        names = get_day_names("wide", locale=language)
        parts += [str(names[day]) for day in sorted(config.weekdays)]
    if config.unit == "month":
        parts.append(translate(language, "day %(day)s of the month", day=config.day))
    if config.start is not None:
        parts.append(translate(language, "from %(day)s on", day=config.start.isoformat()))
    name = titles.get("segment", config.segment) or config.segment
    said = N_("Whoever is in the segment “%(segment)s”, at %(at)s: %(when)s.")
    return translate(language, said, segment=name, at=local.spoken(config.at), when=", ".join(parts))
