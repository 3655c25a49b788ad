"""Comparisons of a fact with a value, one file each; the file's name is the word in YAML.

Each file gives:
- `TYPES`: the types of facts it works on;
- `SAYS`: the sentence with %(field)s and %(value)s places, and the sentence of its opposite; `SAYS_AGO` where the
  value may be a span before now;
- `read(raw, fact)`: the value as it is compared and as it is shown; BadValueError when it cannot be used;
- `absent(value)`: the answer for a fact without a value;
- `holds(seen, value, moment, fact)`: the answer in Python, `seen` in its compared form and never None;
- `clause(value, moment, fact)`: the answer in SQL; NULL counts as no;
- `flips(value, since, now, fact)`, where the answer may change with time alone: in SQL, every value whose answer can
  have changed after `since` up to `now`, or None when there is none. More than those do no harm, fewer do.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, TypeAlias, cast

import sqlalchemy as sa

from nurture.kernel.plugins import modules
from nurture.rules.facts import Fact, Moment, Type


class Operator(Protocol):
    """What a file of this folder gives."""

    TYPES: frozenset[Type]
    SAYS: tuple[str, str]

    def read(self, raw: object, fact: Fact, /) -> tuple[Any, Any]: ...

    def absent(self, value: Any, /) -> bool: ...

    def holds(self, seen: Any, value: Any, moment: Moment, fact: Fact, /) -> bool: ...

    def clause(self, value: Any, moment: Moment, fact: Fact, /) -> sa.ColumnElement[bool]: ...


@cache
def operators() -> Mapping[str, Operator]:
    """Every comparison by its word."""
    return cast("Mapping[str, Operator]", modules(__name__))


def of_type(kind: Type) -> list[str]:
    """The words that work on facts of this type."""
    return [word for word, operator in operators().items() if kind in operator.TYPES]


Flips: TypeAlias = Callable[[Any, Moment, Moment, Fact], sa.ColumnElement[bool] | None]


def flips(word: str) -> Flips | None:
    """Which values' answers change with time alone; None for a comparison of which none does."""
    found: Flips | None = getattr(operators()[word], "flips", None)
    return found
