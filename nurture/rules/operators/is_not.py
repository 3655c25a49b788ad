"""`is_not`: the opposite of `is`. A fact without a value is not the value, so the lead is taken."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.operators import operators
from nurture.rules.values import read_one

TYPES = frozenset(Type) - {Type.LIST}
SAYS = (N_("%(field)s is not %(value)s"), N_("%(field)s is %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_one(raw, fact)


def absent(_value: Any) -> bool:
    return True


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    return not operators()["is"].holds(seen, value, moment, fact)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    different = sa.not_(operators()["is"].clause(value, moment, fact))
    return sa.or_(fact.column.is_(None), different) if fact.nullable else different
