"""`has_none`: none of these is in the list, case and accents aside. Where there is no list, none is in it."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.operators import has_any
from nurture.rules.values import read_texts

TYPES = frozenset({Type.LIST})
SAYS = (N_("%(field)s has none of %(any)s"), N_("%(field)s has %(any)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_texts(raw, fact)


def absent(_value: Any) -> bool:
    return True


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    return not has_any.holds(seen, value, moment, fact)


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return sa.or_(fact.column.is_(None), sa.not_(has_any.clause(value, moment, fact)))
