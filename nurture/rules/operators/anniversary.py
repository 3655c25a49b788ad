"""`anniversary`: the month and day come round, `today` or within a span such as `7 days`, today included.

Whoever was born on 29 February has the day on 28 February in years without one.
"""

from calendar import isleap
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import BadValueError, read_span

TYPES = frozenset({Type.DATE})
SAYS = (N_("the day of %(field)s comes within %(value)s"), N_("the day of %(field)s does not come within %(value)s"))
SAYS_TODAY = (N_("the day of %(field)s is today"), N_("the day of %(field)s is not today"))
_DAY = timedelta(days=1)
_ALL = timedelta(days=366)


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    if raw == "today":
        return timedelta(0), timedelta(0)
    span = read_span(raw)
    if span % _DAY or span >= _ALL:
        raise BadValueError(
            N_("“%(value)s” is not a number of days below a year"), N_("write today, or such as 7 days"), value=raw
        )
    return span, span


def absent(_value: Any) -> bool:
    return False


def _come_round(first: date, last: date) -> frozenset[str]:
    """Months and days, as MM-DD, that come round from the first day to the last."""
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    found = {day.isoformat()[5:] for day in days}
    if any((day.month, day.day) == (2, 28) and not isleap(day.year) for day in days):
        found.add("02-29")
    return frozenset(found)


def holds(seen: Any, value: Any, moment: Moment, _fact: Fact) -> bool:
    today = moment.today()
    return str(seen)[5:] in _come_round(today, today + value)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    today = moment.today()
    return _is_one_of(fact, _come_round(today, today + value))


def _is_one_of(fact: Fact, days: frozenset[str]) -> sa.ColumnElement[bool]:
    return sa.func.substr(fact.column, 6, 5).in_(sorted(days))


def flips(value: Any, since: Moment, now: Moment, fact: Fact) -> sa.ColumnElement[bool] | None:
    before, today = since.today(), now.today()
    if before == today:
        return None
    if today - before >= _ALL:
        return fact.column.is_not(None)
    gone, come = _come_round(before, today - _DAY), _come_round(before + value + _DAY, today + value)
    return _is_one_of(fact, gone | come)
