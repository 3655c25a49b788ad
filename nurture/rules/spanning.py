"""Comparisons of an instant or a day with a span that moves with now, given where the span begins and ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from nurture.rules.expressions import crossed
from nurture.rules.facts import Fact, Moment
from nurture.rules.values import Ago

TODAY = Ago(timedelta(0))
Bounds: TypeAlias = Callable[[Ago, Moment, Fact], tuple[Any, Any]]
Holds: TypeAlias = Callable[[Any, Any, Moment, Fact], bool]
Clause: TypeAlias = Callable[[Any, Moment, Fact], sa.ColumnElement[bool]]
Flips: TypeAlias = Callable[[Any, Moment, Moment, Fact], "sa.ColumnElement[bool] | None"]


def within(bounds: Bounds) -> tuple[Holds, Clause, Flips]:
    """`holds`, `clause` and `flips` of an operator: what lies from the first to the last of `bounds`, both included."""

    def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
        first, last = bounds(value, moment, fact)
        return bool(first <= seen <= last)

    def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
        first, last = bounds(value, moment, fact)
        return sa.and_(fact.column >= first, fact.column <= last)

    def flips(value: Any, since: Moment, now: Moment, fact: Fact) -> sa.ColumnElement[bool] | None:
        then, after = bounds(value, since, fact), bounds(value, now, fact)
        return crossed(fact.column, *zip(then, after, strict=True))

    return holds, clause, flips
