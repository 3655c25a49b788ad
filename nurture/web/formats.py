"""Numbers, money and dates as people here write them. Pure: language, zone and now are handed in."""

from datetime import date, datetime, timedelta
from math import inf
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal

from nurture.kernel.i18n import translate

_DAY = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}
_UNITS = {"VND": (1, "₫")}
_DAYS_TOLD = 30


def number(value: float, language: str) -> str:
    """`1.234.567` and `12,5` in Vietnamese, `1,234,567` and `12.5` in English."""
    return str(format_decimal(value, format="#,##0.##", locale=language))


def plain_number(value: float, language: str) -> str:
    """`660728`, `12,5`: a value of an own field. It may be a code as well as an amount, so it is never grouped."""
    return str(format_decimal(value, format="0.#########", locale=language))


def money(minor: int, currency: str, language: str) -> str:
    """Minor units as an amount: `12.500.000 ₫`."""
    per_unit, sign = _UNITS.get(currency, (100, currency))
    return f"{number(minor / per_unit if per_unit > 1 else minor, language)}\u00a0{sign}"


def money_short(minor: int, currency: str, language: str) -> str:
    """An amount for tight places: `12,5 Tr ₫` in Vietnamese, `12.5M ₫` in English; the sign where `money` has it."""
    per_unit, sign = _UNITS.get(currency, (100, currency))
    short = format_compact_decimal(minor / per_unit, locale=language, fraction_digits=1)
    return f"{short}\u00a0{sign}"


def stamp(instant: datetime, language: str, zone: ZoneInfo) -> str:
    """`22/11/2026 14:05` in the reader's zone."""
    local = instant.astimezone(zone)
    return f"{day(local.date(), language)} {local:%H:%M}"


def day(value: date, language: str) -> str:
    """`22/11/2026`."""
    return str(format_date(value, _DAY[language], locale=language))


def day_heading(value: date, language: str, today: date) -> str:
    """The heading of a day in a timeline: today, yesterday, or weekday and date."""
    if value == today:
        return translate(language, "Today")
    if value == today - timedelta(days=1):
        return translate(language, "Yesterday")
    return day_long(value, language)


def day_long(value: date, language: str) -> str:
    """Weekday and date: `Thứ Hai, 02/11/2026`."""
    weekday = str(format_date(value, "EEEE", locale=language))
    return f"{weekday}, {day(value, language)}"


def relative(instant: datetime, now: datetime, language: str, zone: ZoneInfo) -> str:
    """`2 hours ago`, `in 3 days`; the date itself from 30 days on.

    Whole minutes, then whole hours; from 24 hours on the days of the calendar where the reader is, so that what stands
    under "Yesterday" is never two days ago. Nothing is rounded up and there are no weeks: a list in order reads so.
    """
    away = abs(instant - now)
    if away < timedelta(seconds=45):
        return translate(language, "just now")
    local = instant.astimezone(zone).date()
    days = abs((local - now.astimezone(zone).date()).days)
    if away >= timedelta(days=1) and days > _DAYS_TOLD:
        return day(local, language)
    if away >= timedelta(days=1) and days:
        return _told(days, "day", language, past=instant < now)
    if away >= timedelta(hours=1):
        return _told(away // timedelta(hours=1), "hour", language, past=instant < now)
    return _told(max(1, away // timedelta(minutes=1)), "minute", language, past=instant < now)


def _told(count: int, unit: Literal["day", "hour", "minute"], language: str, *, past: bool) -> str:
    """So many of this unit before or after now; never in a larger unit."""
    span = timedelta(**{f"{unit}s": -count if past else count})
    return str(format_timedelta(span, granularity=unit, threshold=inf, add_direction=True, locale=language))
