"""`less_than`: a number, this not included."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import bound
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_number

TYPES = frozenset({Type.NUMBER})
SAYS = (N_("%(field)s is less than %(value)s"), N_("%(field)s is at least %(value)s"))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    number = read_number(raw)
    return number, number


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return bool(seen < value)


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = fact.column < bound(value)
    return found
