"""Words and formats in the reader's language: reasons, states, names, instants. Needs a request."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from nurture.kernel.i18n import N_
from nurture.kernel.reasons import SENTENCES, Reason
from nurture.leads.model import Lifecycle, Temperature
from nurture.web import formats
from nurture.web.language import language, say
from nurture.web.page import now, real, zone

TEMPERATURES: Mapping[str, str] = {
    Temperature.COLD: N_("cold"),
    Temperature.WARM: N_("warm"),
    Temperature.HOT: N_("hot"),
}
LIFECYCLES: Mapping[str, str] = {
    Lifecycle.SUBSCRIBER: N_("subscriber"),
    Lifecycle.LEAD: N_("lead"),
    Lifecycle.MQL: N_("MQL"),
    Lifecycle.SQL: N_("SQL"),
    Lifecycle.OPPORTUNITY: N_("opportunity"),
    Lifecycle.CUSTOMER: N_("customer"),
}
# Every place of every reason's sentence, so that a missing param shows as a dash and never as an error.
_GAPS = {name: "–" for sentence in SENTENCES.values() for name in re.findall(r"%\((\w+)\)s", sentence)}


def temperature(key: str) -> str:
    """A temperature's word."""
    return say(TEMPERATURES[key]) if key in TEMPERATURES else key


def lifecycle(key: str) -> str:
    """A lifecycle stage's word."""
    return say(LIFECYCLES[key]) if key in LIFECYCLES else key


def named(names: Any) -> str:
    """A name that is kept in several languages: the reader's, else any."""
    if not isinstance(names, Mapping):
        return str(names or "")
    return str(names.get(language()) or next(iter(names.values()), ""))


def reason(code: str, params: Mapping[str, Any] | None = None) -> str:
    """The sentence of a reason code; instants and numbers among its params are written out."""
    if code not in set(Reason):
        return code
    known = {key: _shown(value) for key, value in (params or {}).items()}
    return say(SENTENCES[Reason(code)], **(_GAPS | known))


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return formats.stamp(value, language(), zone())
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
        try:
            return formats.stamp(datetime.fromisoformat(value), language(), zone())
        except ValueError:
            return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return formats.number(value, language())
    return str(value)


def local_day(value: datetime | date) -> date:
    """The day of an instant where the reader is."""
    return value.astimezone(zone()).date() if isinstance(value, datetime) else value


def filters() -> dict[str, Any]:
    """Filters of the templates."""
    return {
        "number": lambda value: formats.number(value, language()),
        "money": lambda minor, currency="VND": formats.money(minor, currency, language()),
        "money_short": lambda minor, currency="VND": formats.money_short(minor, currency, language()),
        "phone": formats.phone,
        "masked": formats.masked,
        "stamp": lambda instant: formats.stamp(instant, language(), zone()),
        "clock": lambda instant: formats.clock_time(instant, zone()),
        "day": lambda value: formats.day(local_day(value), language()),
        "day_long": lambda value: formats.day_long(local_day(value), language()),
        "day_heading": lambda value: formats.day_heading(local_day(value), language(), local_day(now())),
        "relative": relative,
        "reason": reason,
        "named": named,
        "temperature": temperature,
        "lifecycle": lifecycle,
        "zip_with": lambda values, others: list(zip(values, others, strict=True)),
    }


def relative(instant: datetime, wall: bool = False) -> str:  # noqa: FBT001, FBT002 - a template's switch
    """`2 hours ago`, by engine time or by the wall's."""
    return formats.relative(instant, real() if wall else now(), language(), zone())
