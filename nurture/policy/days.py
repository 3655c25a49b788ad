"""Days on which nothing goes: holidays of a country, own days, and the stop around the lunar new year (Tết). Pure.

Holidays and the date of Tết come from the package `holidays`. A day belongs to the calendar on the lead's wall.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nurture.kernel.clock import aware
from nurture.kernel.later import later
from nurture.policy.windows import turns

if TYPE_CHECKING:
    import holidays
else:
    holidays = later("holidays")  # at the first day that is asked about

Names = tuple[tuple[str, str], ...]  # text by language

_DAY = timedelta(days=1)
_CODE = re.compile("[A-Z]{2,3}")
_FARTHEST = 800  # days that may be closed in a row
_SPOKEN = {"vi": ("vi",), "en": ("en_US", "en_GB", "en")}
_TET: Names = (("vi", "Tết Nguyên Đán"), ("en", "Lunar New Year"))


class During(StrEnum):
    """What becomes of a mail that falls into the stop around Tết."""

    HOLD = "hold"  # it goes when the stop is over
    DROP = "drop"  # it is not sent at all


class Kind(StrEnum):
    """Why a day is closed."""

    COUNTRY = "country"
    OWN = "own"
    TET = "tet"


@dataclass(frozen=True, slots=True)
class OwnDays:
    """Days that a house closes by itself, both ends included."""

    first: date
    last: date
    name: Names = ()


@dataclass(frozen=True, slots=True)
class Tet:
    """The stop around the first day of the lunar year: so many days before it and after it, all of them included."""

    before: int = 7  # from the 23rd of the twelfth month where that has 29 days
    after: int = 5  # until the sixth day
    during: During = During.HOLD

    def stop(self, year: int) -> tuple[date, date] | None:
        """First and last day of the stop of a year; None where the calendar is not known."""
        new_year = tet_of(year)
        return None if new_year is None else (new_year - self.before * _DAY, new_year + self.after * _DAY)


@dataclass(frozen=True, slots=True)
class Closed:
    """A day on which nothing goes, and why."""

    day: date
    kind: Kind
    name: Names
    during: During = During.HOLD

    @property
    def names(self) -> Mapping[str, str]:
        """Its name by language."""
        return dict(self.name)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are closed."""

    country: str | None = None  # ISO 3166, as the package has it
    own: tuple[OwnDays, ...] = ()
    tet: Tet | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every day is open."""
        return self == Calendar()

    def closed(self, day: date) -> Closed | None:
        """Why this day is closed; None when it is open. The stop around Tết counts first, then own days."""
        return None if self.is_empty else _year(self, day.year).get(day)

    def holds(self, day: date) -> bool:
        """Whether mail is held until this day is over."""
        found = self.closed(day)
        return found is not None and found.during is During.HOLD

    def of_year(self, year: int) -> tuple[Closed, ...]:
        """Every closed day of a year, in order."""
        return () if self.is_empty else tuple(found for _, found in sorted(_year(self, year).items()))


def reopening(calendar: Calendar, zone: ZoneInfo, at: datetime) -> datetime:
    """The instant itself when its day is open, else the first after it whose day is. In UTC.

    Days on which mail is dropped count as open: whoever comes to one is told so then. ValueError when no day opens.
    """
    at = aware(at)
    first = at.astimezone(zone).date()
    if not calendar.holds(first):
        return at
    for ahead in range(-1, _FARTHEST):
        days = (first + (ahead + more) * _DAY for more in (0, 1))  # a clock change may swap the two
        inside = [one for day in days if not calendar.holds(day) for one in turns(zone, day, 0) if one > at]
        if inside:
            return min(inside)
    raise ValueError("these days never open")


@lru_cache(maxsize=256)
def _year(calendar: Calendar, year: int) -> Mapping[date, Closed]:
    found = {one.day: one for one in _of_country(calendar.country, year)} if calendar.country else {}
    for own in calendar.own:
        found |= {day: Closed(day, Kind.OWN, own.name) for day in _days(own.first, own.last) if day.year == year}
    if calendar.tet is not None:
        for stop in filter(None, (calendar.tet.stop(one) for one in (year, year + 1))):
            days = (day for day in _days(*stop) if day.year == year)
            found |= {day: Closed(day, Kind.TET, _TET, calendar.tet.during) for day in days}
    return MappingProxyType(found)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + number * _DAY for number in range((last - first).days + 1))


@lru_cache(maxsize=64)
def _of_country(country: str, year: int) -> tuple[Closed, ...]:
    spoken = {language: _in(country, year, language) for language in _SPOKEN}
    plain = holidays.country_holidays(country, years=year)
    return tuple(
        Closed(day, Kind.COUNTRY, tuple((language, names.get(day, name)) for language, names in spoken.items()))
        for day, name in sorted(plain.items())
    )


def _in(country: str, year: int, language: str) -> Mapping[date, str]:
    """Names of the holidays in a language; none where the package does not speak it."""
    plain = holidays.country_holidays(country)
    known = next((one for one in _SPOKEN[language] if one in plain.supported_languages), None)
    return {} if known is None else dict(holidays.country_holidays(country, years=year, language=known))


def is_country(code: object) -> bool:
    """Whether the package knows the holidays of this country."""
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return False
    try:
        holidays.country_holidays(code)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=256)
def tet_of(year: int) -> date | None:
    """The first day of the lunar year in Vietnam's calendar."""
    found = holidays.country_holidays("VN", years=year, language="en_US").get_named("Lunar New Year", lookup="exact")
    return min(found) if found else None
