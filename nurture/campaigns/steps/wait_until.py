"""Wait until a time of day, a day of the week, or a date of the lead, all where the lead is.

`wait_until: {time: "09:00"}`, `{days: tue,thu, time: "09:00"}`, `{days: mon-fri}`,
`{field: webinar_at, offset: -1 day, time: "09:00", past: […], missing: […]}`.

A time of day comes first at or after the arrival; straight after a mail it is the next one, so that two mails never
arrive side by side. A date that is over, or that the lead does not have, leads on at once, by the way of that name if
there is one. When the date changes while a lead waits, the wait changes with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nurture.campaigns.effects import Go, Hold, Moment
from nurture.campaigns.reading import Reading
from nurture.campaigns.spans import spoken
from nurture.campaigns.weekdays import named_days, read_days
from nurture.kernel.i18n import N_, translate
from nurture.kernel.localtime import at_wall, exists, instant
from nurture.kernel.spans import parse_span
from nurture.kernel.text import fold
from nurture.rules.facts import Type
from nurture.rules.model import Compare
from nurture.rules.titles import UNTITLED, Titles

LISTENS = True  # to changes of the date
PAST, MISSING = "past", "missing"
_SIGNED = "^[+-]?[0-9]{1,6} ?(minute|hour|day|week|phút|giờ|ngày|tuần)s?$"
_STEPS = {"$ref": "#/$defs/steps"}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "time": {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$", "description": "Where the lead is."},
        "days": {"type": "string", "description": "Days of the week, such as tue,thu or mon-fri."},
        "field": {"type": "string", "description": "A date of the lead: a field of your own, or created_at and such."},
        "offset": {"type": "string", "pattern": _SIGNED, "description": "Before or after the date, such as -1 day."},
        PAST: _STEPS,
        MISSING: _STEPS,
    },
    "minProperties": 1,
    "additionalProperties": False,
    "description": "Wait until a local time, a day of the week, or a date of the lead.",
}
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_BY_DAY = ("day", "ngay", "week", "tuan")
_FARTHEST = 16  # days: one weekday may be left out at the date line


@dataclass(frozen=True, slots=True)
class Offset:
    """So many days of the calendar and so much time besides; both may be negative."""

    days: int = 0
    rest: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Until when. `date` names the lead's date, as the rule that it is there."""

    minute: int | None = None  # of the local day
    days: frozenset[int] = frozenset(range(7))  # 0 is Monday
    date: Compare | None = None
    offset: Offset = Offset()
    ways: frozenset[str] = frozenset()

    @property
    def rules(self) -> tuple[Compare, ...]:
        """What has to be known of the lead."""
        return () if self.date is None else (self.date,)


def read(reading: Reading, value: Any, path: str) -> WaitUntil:
    """At least one of time, days and field; offset and ways belong to a field."""
    parts = reading.mapping(value, path, optional=("time", "days", "field", "offset", PAST, MISSING))
    if isinstance(value, Mapping) and not {"time", "days", "field"} & set(parts):
        reading.wrong("no_time", path, N_("It is not said until when"), N_('such as: {time: "09:00"}'))
    if "field" not in parts:
        for word in (one for one in ("offset", PAST, MISSING) if one in parts):
            message = N_("“%(word)s” belongs to a field with a date")
            reading.wrong("no_field", f"{path}.{word}", message, N_("such as: field: created_at"), word=word)
    return WaitUntil(
        _minute(reading, parts["time"], f"{path}.time") if "time" in parts else None,
        read_days(reading, parts["days"], f"{path}.days") if "days" in parts else frozenset(range(7)),
        _date(reading, parts["field"], f"{path}.field") if "field" in parts else None,
        _offset(reading, parts["offset"], f"{path}.offset") if "offset" in parts else Offset(),
        frozenset(ways(value)),
    )


def ways(value: Any) -> Mapping[str, Any]:
    """The ways that are written."""
    if not isinstance(value, Mapping):
        return {}
    return {way: value[way] or [] for way in (PAST, MISSING) if way in value}


def _minute(reading: Reading, data: Any, path: str) -> int:
    match = _TIME.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        reading.wrong("bad_time", path, N_("“%(value)s” is no time of day"), N_('such as: "08:00"'), value=data)
        return 0
    return int(match[1]) * 60 + int(match[2])


def _date(reading: Reading, data: Any, path: str) -> Compare | None:
    fact = reading.facts.values.get(data) if isinstance(data, str) else None
    dates = sorted(key for key, one in reading.facts.values.items() if one.type in {Type.DATE, Type.INSTANT})
    if fact is None or fact.type not in {Type.DATE, Type.INSTANT}:
        reading.unknown("no_date", path, N_("There is no date “%(word)s” of a lead"), data, dates)
        return None
    return Compare(fact.key, "empty", False, False, fact.label or fact.key)  # noqa: FBT003 - the value compared with


def _offset(reading: Reading, data: Any, path: str) -> Offset:
    text = data.strip() if isinstance(data, str) else ""
    try:
        span = parse_span(text[1:].strip() if text[:1] in {"+", "-"} else text)
    except ValueError:
        message, mend = N_("“%(word)s” is no time before or after"), N_("such as: -1 day, or 2 hours")
        reading.wrong("bad_offset", path, message, mend, word=data)
        return Offset()
    span = -span if text.startswith("-") else span
    if any(word in fold(text) for word in _BY_DAY):
        return Offset(days=span.days)
    return Offset(rest=span)


def act(config: WaitUntil, moment: Moment) -> Go | Hold:
    """Hold until then; go on when it has come, is over, or will never come."""
    if config.date is None:
        until = _next(config, moment)
        return Go() if moment.planned >= until else Hold(until)
    seen = moment.facts.values[config.date.fact].compared(moment.view.values.get(config.date.fact))
    target = _target(config, seen, moment.zone)
    if target is None:
        return _lost(config, MISSING)
    if target < moment.planned:
        return _lost(config, PAST)
    return Go() if target == moment.planned else Hold(target)


def _lost(config: WaitUntil, way: str) -> Go:
    return Go(way if way in config.ways else "", way)


def _next(config: WaitUntil, moment: Moment) -> datetime:
    """The first such time at or after the arrival, or after the mail that went since."""
    arrived, mailed = moment.arrived, moment.mailed
    after_mail = mailed is not None and mailed >= arrived
    base = mailed if mailed is not None and after_mail else arrived
    today = base.astimezone(moment.zone).date()
    if config.minute is None and today.weekday() in config.days:
        return base
    for ahead in range(-1, _FARTHEST):
        day = today + timedelta(days=ahead)
        if day.weekday() not in config.days or not exists(moment.zone, day):
            continue
        at = instant(moment.zone, day, config.minute or 0)
        if at > base or (at == base and not after_mail):
            return at
    raise ValueError(f"no such day: {config.days}")


def _target(config: WaitUntil, seen: Any, zone: ZoneInfo) -> datetime | None:
    """The instant meant by a lead's date; None when there is none in our calendar."""
    try:
        if isinstance(seen, datetime):
            wall = seen.astimezone(zone).replace(tzinfo=None, fold=0)
        elif isinstance(seen, str):
            wall = datetime.combine(date.fromisoformat(seen), datetime.min.time())
        else:
            return None
        moves = config.minute is not None or config.offset.days or wall.weekday() not in config.days
        if isinstance(seen, datetime) and not moves:
            return seen + config.offset.rest
        wall += timedelta(days=config.offset.days)
        if config.minute is not None:
            wall = wall.replace(hour=config.minute // 60, minute=config.minute % 60, second=0, microsecond=0)
        while wall.weekday() not in config.days or not exists(zone, wall.date()):
            wall += timedelta(days=1)
        return at_wall(zone, wall) + config.offset.rest
    except (ValueError, OverflowError):
        return None


def describe(config: WaitUntil, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - fields have labels
    """`Wait until 1 day before webinar_at, at 09:00`."""
    parts = []
    if config.date is not None:
        parts.append(_said_date(config, language))
    if len(config.days) < 7:
        parts.append(named_days(config.days, language))
    if config.minute is not None:
        clock = f"{config.minute // 60:02}:{config.minute % 60:02}"
        parts.append(translate(language, "%(time)s where the lead is", time=clock))
    return translate(language, "Wait until: %(when)s", when=", ".join(parts))


def _said_date(config: WaitUntil, language: str) -> str:
    offset, field = config.offset, translate(language, config.date.label) if config.date is not None else ""
    span = timedelta(days=offset.days) + offset.rest
    if not span:
        return translate(language, "the date “%(field)s”", field=field)
    said = spoken(abs(span), language)
    if span < timedelta(0):
        return translate(language, "%(span)s before “%(field)s”", span=said, field=field)
    return translate(language, "%(span)s after “%(field)s”", span=said, field=field)


def label(config: WaitUntil, way: str, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - two ways
    """What leads to a way."""
    return translate(language, "The date is over") if way == PAST else translate(language, "There is no date")
