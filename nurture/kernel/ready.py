"""Statements that are compiled once: for loops in which building a statement costs more than its work.

Rows are named tuples, their values of the same types as SQLAlchemy's; equal values are converted once. A statement has
no list that grows with its values: `among` stands for IN.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database understands it."""

    sql: str
    order: Sequence[str] | None  # of values without names
    binders: Sequence[tuple[str, _Convert]]
    constants: dict[str, Any]
    converters: Sequence[tuple[int, _Convert]]


class Ready:
    """A statement, compiled when it is first run on a kind of database."""

    def __init__(self, statement: Any, columns: Iterable[sa.ColumnElement[Any]] | None = None) -> None:
        """`columns` are what a statement gives that is no query; those of a query are known."""
        self._statement = statement
        self._columns = list(statement.selected_columns if columns is None else columns)
        names = [column.key or column.name for column in self._columns]
        self._make = tuple_of("Found", names)
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, conn: Connection, **values: Any) -> list[Any]:
        """All rows, as named tuples."""
        compiled = self._of(conn.dialect)
        found: Any = conn.exec_driver_sql(compiled.sql, _bound(compiled, values)).fetchall()
        if found and compiled.converters:
            parts: list[Any] = list(zip(*found, strict=True))
            for index, convert in compiled.converters:
                parts[index] = _converted(convert, parts[index])
            found = zip(*parts, strict=True)
        return list(map(self._make, found))

    def run(self, conn: Connection, **values: Any) -> None:
        """Run it for its effect."""
        compiled = self._of(conn.dialect)
        conn.exec_driver_sql(compiled.sql, _bound(compiled, values))

    def _of(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._statement, self._columns, dialect)
        return found


def tuple_of(kind: str, names: Iterable[str]) -> Callable[[Iterable[Any]], Any]:
    """What makes named tuples out of values in this order."""
    named: Any = namedtuple(kind, names)  # type: ignore[misc]
    made: Callable[[Iterable[Any]], Any] = named._make
    return made


def _compile(statement: Any, columns: Sequence[sa.ColumnElement[Any]], dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    constants = dict(compiled.construct_params(_check=False))
    binders: list[tuple[str, _Convert]] = []
    for name, value in list(constants.items()):
        bind = compiled.binds[name]
        if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is None:
            continue
        if bind.required:
            binders.append((name, convert))
        else:
            constants[name] = convert(value)
    converters = [
        (number, convert)
        for number, column in enumerate(columns)
        if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    return _Compiled(
        str(compiled), compiled.positiontup if compiled.positional else None, binders, constants, converters
    )


def _bound(compiled: _Compiled, values: dict[str, Any]) -> Any:
    given = {**compiled.constants, **values}
    for name, bind in compiled.binders:
        given[name] = bind(given[name])
    return given if compiled.order is None else tuple([given[name] for name in compiled.order])


def _converted(convert: _Convert, values: Sequence[Any]) -> list[Any]:
    if any(isinstance(value, dict) for value in values):  # a document that the driver has read already
        return list(map(convert, values))
    known = {value: convert(value) for value in set(values)}
    return [known[value] for value in values]
