"""`between`: from the first to the last of two numbers or local days, both included."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import bound
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import BadValueError, as_day, from_end, from_start, read_number, read_one

TYPES = frozenset({Type.NUMBER, Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s is between %(first)s and %(last)s"), N_("%(field)s is not between %(first)s and %(last)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise BadValueError(N_("between needs two values"), N_("write such as between: [10, 50]"))
    first, last = (_one(value, fact) for value in raw)
    if first > last:
        raise BadValueError(N_("The first of the two comes after the last"), N_("change them round"))
    return (first, last), (first, last)


def _one(raw: object, fact: Fact) -> Any:
    return read_number(raw) if fact.type is Type.NUMBER else read_one(raw, fact)[0]


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    first, last = value
    if fact.type is Type.NUMBER:
        return bool(first <= seen <= last)
    if fact.type is Type.DATE:
        return bool(as_day(first, moment) <= seen <= as_day(last, moment))
    return bool(from_start(first, moment) <= seen < from_end(last, moment))


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    first, last = value
    if fact.type is Type.NUMBER:
        return sa.and_(fact.column >= bound(first), fact.column <= bound(last))
    if fact.type is Type.DATE:
        return sa.and_(fact.column >= as_day(first, moment), fact.column <= as_day(last, moment))
    return sa.and_(fact.column >= from_start(first, moment), fact.column < from_end(last, moment))
