"""Numbers, money and dates as people here write them. Pure: language, zone and now are handed in."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta
from babel.numbers import format_compact_currency, format_decimal

from nurture.kernel.i18n import translate

_DAY = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}
_UNITS = {"VND": (1, "₫")}


def number(value: float, language: str) -> str:
    """`1.234.567` and `12,5` in Vietnamese, `1,234,567` and `12.5` in English."""
    return str(format_decimal(value, format="#,##0.##", locale=language))


def money(minor: int, currency: str, language: str) -> str:
    """Minor units as an amount: `12.500.000 ₫`."""
    per_unit, sign = _UNITS.get(currency, (100, currency))
    return f"{number(minor / per_unit if per_unit > 1 else minor, language)}\u00a0{sign}"


def money_short(minor: int, currency: str, language: str) -> str:
    """An amount for tight places: `12,5 Tr ₫` in Vietnamese, `₫12.5M` in English."""
    per_unit, _ = _UNITS.get(currency, (100, currency))
    return str(format_compact_currency(minor / per_unit, currency, locale=language, fraction_digits=1))


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
    """`2 hours ago`, `in 3 days`; the date itself from 30 days on."""
    span = instant - now
    if abs(span) < timedelta(seconds=45):
        return translate(language, "just now")
    if abs(span) > timedelta(days=30):
        return day(instant.astimezone(zone).date(), language)
    return str(format_timedelta(span, add_direction=True, threshold=1.2, locale=language))
