"""`has_any`: at least one of these is in the list, case and accents aside."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.kernel.text import MARK
from nurture.rules.expressions import contains
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_texts

TYPES = frozenset({Type.LIST})
SAYS = (N_("%(field)s has %(any)s"), N_("%(field)s has none of %(any)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_texts(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return any(MARK + one + MARK in seen for one in value)


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return sa.or_(*(contains(fact.column, MARK + one + MARK) for one in value))
