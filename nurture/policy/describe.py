"""The policy of the house in sentences. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from babel import Locale
from babel.dates import get_day_names

from nurture.kernel.i18n import N_, translate
from nurture.kernel.spans import in_words
from nurture.policy.days import During, Tet
from nurture.policy.house import CLASSES, House
from nurture.policy.windows import Window

_ALL = 7
_WORDS = {"advertising": N_("Advertising"), "care": N_("Care"), "deal": N_("About an open deal")}


def sentences(house: House, language: str) -> list[str]:
    """What the house's policy says, one fact each; empty where it allows everything."""
    return list(_sentences(house, language))


def _sentences(house: House, language: str) -> Iterator[str]:
    if house.window is not None:
        yield _hours(house.window, language)
    if house.calendar.country is not None:
        text = N_("Nothing goes on the public holidays of %(country)s")
        yield translate(
            language, text, country=Locale(language).territories.get(house.calendar.country, house.calendar.country)
        )
    if house.calendar.own:
        yield translate(language, "Days of our own on which nothing goes: %(count)s", count=len(house.calendar.own))
    if house.calendar.tet is not None:
        yield tet(house.calendar.tet, language)
    if house.cap is not None:
        span = in_words(house.cap.span, language)
        text = N_("At most %(count)s emails to one lead in %(span)s, all campaigns and one-time emails together")
        yield translate(language, text, count=house.cap.limit, span=span)
    if house.gap is not None:
        yield translate(language, "At least %(span)s between two emails to one lead", span=hours(house.gap, language))
    if house.late_start is not None:
        text = N_("After a standstill, what is late by more than %(span)s of allowed time waits for a person")
        yield translate(language, text, span=hours(house.late_start, language))
    if house.classes != frozenset(CLASSES):
        kinds = ", ".join(translate(language, _WORDS[one]) for one in CLASSES if one in house.classes)
        yield translate(language, "It holds for: %(kinds)s", kinds=kinds or "–")


def hours(span: timedelta, language: str) -> str:
    """`20 hours`, also where that is more than a day."""
    whole, rest = divmod(span, timedelta(hours=1))
    return in_words(span, language) if rest else translate(language, "%(count)s hours", count=whole)


def tet(stop: Tet, language: str) -> str:
    """The stop around Tết, and what becomes of what falls into it."""
    text = {
        During.HOLD: N_("From %(before)s days before Tết until %(after)s days after its first day, mail waits"),
        During.DROP: N_("From %(before)s days before Tết until %(after)s days after its first day, mail is left out"),
    }[stop.during]
    return translate(language, text, before=stop.before, after=stop.after)


def _hours(window: Window, language: str) -> str:
    shown = window.to_json()
    if len(window.days) == _ALL:
        text = N_("Mail goes between %(start)s and %(end)s by the lead's clock")
        return translate(language, text, start=shown["from"], end=shown["to"])
    names = get_day_names("abbreviated", locale=language)
    days = ", ".join(str(names[day]) for day in sorted(window.days))
    text = N_("Mail goes on %(days)s between %(start)s and %(end)s by the lead's clock")
    return translate(language, text, days=days, start=shown["from"], end=shown["to"])
