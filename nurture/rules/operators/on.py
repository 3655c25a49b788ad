"""`on`: a local day; an instant is somewhere within it."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.operators import operators
from nurture.rules.values import read_one

TYPES = frozenset({Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s on %(value)s"), N_("%(field)s not on %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_one(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    return operators()["is"].holds(seen, value, moment, fact)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return operators()["is"].clause(value, moment, fact)
