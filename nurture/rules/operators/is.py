"""`is`: the same value, case and accents aside. An instant is on a local day."""  # noqa: N999 - the word in YAML

from datetime import date
from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import bound
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import as_day, read_one

TYPES = frozenset(Type) - {Type.LIST}
SAYS = (N_("%(field)s is %(value)s"), N_("%(field)s is not %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_one(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, moment: Moment, fact: Fact) -> bool:
    if fact.type is Type.INSTANT:
        return bool(moment.start_of(value) <= seen < moment.after(value))
    return bool(seen == (as_day(value, moment) if isinstance(value, date) else value))


def clause(value: Any, moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    if fact.type is Type.INSTANT:
        return sa.and_(fact.column >= moment.start_of(value), fact.column < moment.after(value))
    return fact.column == (as_day(value, moment) if isinstance(value, date) else bound(value))
