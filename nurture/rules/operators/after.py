"""`after`: later than the local day, which is not included; also `after: 30 days ago`."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import crossed
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import Ago, as_day, from_end, read_day

TYPES = frozenset({Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s after %(value)s"), N_("%(field)s not after %(value)s"))
SAYS_AGO = (N_("%(field)s less than %(value)s ago"), N_("%(field)s more than %(value)s ago"))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    day = read_day(raw)
    return day, day


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    if fact.type is Type.DATE:
        return bool(seen > as_day(value, moment))
    return bool(seen >= from_end(value, moment))


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = fact.column >= from_end(value, moment)
    if fact.type is Type.DATE:
        found = fact.column > as_day(value, moment)
    return found


def flips(value: Any, since: Moment, now: Moment, fact: Fact) -> sa.ColumnElement[bool] | None:
    if not isinstance(value, Ago):
        return None
    place = as_day if fact.type is Type.DATE else from_end
    return crossed(fact.column, (place(value, since), place(value, now)))
