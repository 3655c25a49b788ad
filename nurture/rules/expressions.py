"""SQL that the two databases spell differently."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class contains(FunctionElement[bool]):  # noqa: N801 - reads as the function it is
    """Whether the first text contains the second, byte for byte; NULL when one of them is."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(contains, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(contains, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


def bound(value: Any) -> Any:
    """A value to compare a fact with. A number is bound by its own type, not by the column's: 0.5 is no integer."""
    if isinstance(value, int):
        return sa.literal(value, sa.BigInteger())
    return sa.literal(value, sa.Double()) if isinstance(value, float) else value


def crossed(column: sa.ColumnElement[Any], *ways: tuple[Any, Any]) -> sa.ColumnElement[bool] | None:
    """The values that borders passed which moved from the first place of a way to its second; both ends included.

    None when no border moved.
    """
    moved = [sa.and_(column >= min(way), column <= max(way)) for way in ways if way[0] != way[1]]
    return sa.or_(*moved) if moved else None
