"""`has_all`: all of these are in the list, case and accents aside."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.kernel.text import MARK
from nurture.rules.expressions import contains
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_texts

TYPES = frozenset({Type.LIST})
SAYS = (N_("%(field)s has %(all)s"), N_("%(field)s does not have all of %(all)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_texts(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return all(MARK + one + MARK in seen for one in value)


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return sa.and_(*(contains(fact.column, MARK + one + MARK) for one in value))
