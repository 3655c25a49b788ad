"""Instants that people choose by a word: in an hour, tomorrow, next week. Needs a request."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from nurture.kernel.i18n import N_
from nurture.web.language import say
from nurture.web.page import now, zone

_LATER: Mapping[str, str] = {
    "hour": N_("In an hour"),
    "afternoon": N_("This afternoon, 14:00"),
    "tomorrow": N_("Tomorrow, 09:00"),
    "week": N_("Next week"),
}


def later_choices() -> list[tuple[str, str]]:
    """Until when something may be put off; this afternoon only before it."""
    local = now().astimezone(zone())
    return [(key, say(label)) for key, label in _LATER.items() if key != "afternoon" or local.hour < 13]


def until_of(choice: str) -> datetime | None:
    """An instant for one of the choices, where the person is."""
    local = now().astimezone(zone())
    match choice:
        case "hour":
            return now() + timedelta(hours=1)
        case "afternoon":
            return datetime.combine(local.date(), time(14), tzinfo=zone())
        case "tomorrow":
            return datetime.combine(local.date() + timedelta(days=1), time(9), tzinfo=zone())
        case "week":
            days = 7 - local.weekday()
            return datetime.combine(local.date() + timedelta(days=days), time(9), tzinfo=zone())
        case _:
            return None
