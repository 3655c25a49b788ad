"""`empty`: true asks for facts without a value, false for those with one. Blank text is no value."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_flag

TYPES = frozenset(Type)
SAYS = (N_("%(field)s is empty"), N_("%(field)s is known"))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    flag = read_flag(raw)
    return flag, flag


def absent(value: Any) -> bool:
    return bool(value)


def holds(_seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return not value


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    missing: sa.ColumnElement[bool] = fact.column.is_(None)
    if fact.type in {Type.TEXT, Type.CHOICE, Type.PERSON}:
        missing = sa.or_(missing, fact.column == "")
    return missing if value else sa.not_(missing)
