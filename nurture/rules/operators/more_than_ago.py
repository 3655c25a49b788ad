"""`more_than_ago`: longer ago than this span."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.operators import before
from nurture.rules.values import Ago, read_span

TYPES = frozenset({Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s more than %(value)s ago"), N_("%(field)s not more than %(value)s ago"))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    span = read_span(raw)
    return Ago(span), span


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    return before.holds(seen, value, moment, fact)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return before.clause(value, moment, fact)


def flips(value: Any, since: Moment, now: Moment, fact: Fact) -> sa.ColumnElement[bool] | None:
    return before.flips(value, since, now, fact)
