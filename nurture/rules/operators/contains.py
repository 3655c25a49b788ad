"""`contains`: the text has this piece in it, case and accents aside."""

from typing import Any

import sqlalchemy as sa

from nurture.kernel.i18n import N_
from nurture.rules.expressions import contains as has_piece
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.values import read_text

TYPES = frozenset({Type.TEXT, Type.PERSON})
SAYS = (N_("%(field)s contains %(value)s"), N_("%(field)s does not contain %(value)s"))


def read(raw: object, fact: Fact) -> tuple[Any, Any]:
    return read_text(raw, fact)


def absent(_value: Any) -> bool:
    return False


def holds(seen: Any, value: Any, _moment: Moment, _fact: Fact) -> bool:
    return value in seen


def clause(value: Any, _moment: Moment, fact: Fact) -> sa.ColumnElement[bool]:
    return has_piece(fact.column, value)
