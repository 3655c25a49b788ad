"""`in_next`: within this span from now on, today included; what is past is not in it."""

from typing import Any

from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.spanning import TODAY, within
from nurture.rules.values import Ago, as_day, read_span

TYPES = frozenset({Type.INSTANT, Type.DATE})
SAYS = (N_("%(field)s in the next %(value)s"), N_("%(field)s not in the next %(value)s"))


def read(raw: object, _fact: Fact) -> tuple[Any, Any]:
    span = read_span(raw)
    return Ago(-span), span


def _bounds(value: Ago, moment: Moment, fact: Fact) -> tuple[Any, Any]:
    if fact.type is Type.DATE:
        return as_day(TODAY, moment), as_day(value, moment)
    return moment.now, moment.now - value.span


def absent(_value: Any) -> bool:
    return False


holds, clause, flips = within(_bounds)
