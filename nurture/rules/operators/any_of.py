"""`any_of`: one of several values, case and accents aside."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import bound
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.model import MOST_VALUES
from nurture.rules.values import BadValueError, read_one

TYPES = frozenset({Type.TEXT, Type.CHOICE, Type.PERSON, Type.NUMBER})
SAYS = (N_("%(field)s is %(value)s"), N_("%(field)s is not %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    if not isinstance(raw, list) or not raw:
        raise BadValueError(N_("any_of needs a list of values"), N_("write such as any_of: [a, b]"))
    if len(raw) > MOST_VALUES:
        raise BadValueError(N_("This list holds more than %(limit)s values"), limit=MOST_VALUES)
    pairs = [read_one(one, fact) for one in raw]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return seen in value


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return fact.column.in_([bound(one) for one in value]) if len(value) > 1 else fact.column == bound(value[0])
