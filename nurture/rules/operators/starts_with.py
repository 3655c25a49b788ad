"""`starts_with`: the text begins with this piece, case and accents aside."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_text

TYPES = frozenset({Type.TEXT, Type.PERSON})
SAYS = (N_("%(field)s starts with %(value)s"), N_("%(field)s does not start with %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_text(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return bool(seen.startswith(value))


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = sa.func.substr(fact.column, 1, len(value)) == value
    return found
