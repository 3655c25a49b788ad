"""`in_next`: within this span from now on, today included; what is past is not in it."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import crossed
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import Ago, as_day, read_span

TYPES = frozenset({Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s in the next %(value)s"), N_("%(field)s not in the next %(value)s"))
_NO_SPAN = Ago(timedelta(0))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    span = read_span(raw)
    return Ago(-span), span


def _bounds(value: Ago, moment: Moment, fact: Fact) -> tuple[Any, Any]:
    if fact.type is Type.DATE:
        return as_day(_NO_SPAN, moment), as_day(value, moment)
    return moment.now, moment.now - value.span


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    first, last = _bounds(value, moment, fact)
    return bool(first <= seen <= last)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    first, last = _bounds(value, moment, fact)
    return sa.and_(fact.column >= first, fact.column <= last)


def flips(value: Any, since: Moment, now: Moment, fact: Fact) -> sa.ColumnElement[bool] | None:
    then, after = _bounds(value, since, fact), _bounds(value, now, fact)
    return crossed(fact.column, *zip(then, after, strict=True))
