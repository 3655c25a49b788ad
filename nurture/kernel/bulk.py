"""Very many rows at once: COPY on PostgreSQL, one prepared statement on SQLite. Uses the database.

Columns are given whole, so that what all rows share is converted once. Numbers of new rows are taken beforehand: nobody
has to ask afterwards which row got which.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice, repeat
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from nurture.kernel.database import FoldedDocument, json_text

_COPIED = 2_000  # rows handed to COPY in one piece
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class _Texts(TypeDecorator[Sequence[str]]):
    """Many texts as one parameter: the text of an array on PostgreSQL, of a JSON list on SQLite."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return json_text(list(value))
        whole = '","'.join(value)
        if "\\" in whole or whole.count('"') > 2 * (len(value) - 1):
            whole = '","'.join(one.replace("\\", "\\\\").replace('"', '\\"') for one in value)
        return f'{{"{whole}"}}' if value else "{}"


class one_of(FunctionElement[bool]):  # noqa: N801 - read as SQL's own functions are
    """Whether a text is one of thousands: `among` is for few, which PostgreSQL should look for in an index."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], texts: Sequence[str]) -> None:
        super().__init__(column, sa.bindparam(None, texts, type_=_Texts(), unique=True))

    def self_group(self, against: Any = None) -> "one_of":  # noqa: ARG002 - as SQLAlchemy calls it
        """As it is: SQLAlchemy would write `… IN (…) = 1` on SQLite, for which no index serves."""
        return self


@compiles(one_of, "sqlite")
def _one_of_sqlite(element: one_of, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - compiled parts


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: one_of, compiler: Any, **options: Any) -> str:
    """By a subquery: of `= ANY` with thousands of texts each row would be compared with each, index or not."""
    column, texts = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT unnest(CAST({texts} AS TEXT[])))"


def new_ids(conn: Connection, table: sa.Table, count: int) -> Sequence[int]:
    """As many numbers for new rows of the table, in order; the caller has the write transaction."""
    if not count:
        return ()
    if conn.dialect.name == "sqlite":
        last: int = conn.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()
        return range(last + 1, last + 1 + count)
    drawn = conn.execute(_DRAW, {"of": f'"{table.name}"', "count": count})
    return sorted(drawn.scalar_one())


def make_room(conn: Connection) -> None:
    """Let SQLite keep the pages of a large transaction in memory, and bring them home after several such at once.

    Indexes take in very many rows at very many places: each page is written once for several transactions then.
    What is read goes through that memory alone. It holds as long as the connection.
    """
    if conn.dialect.name == "sqlite":
        for pragma in ("cache_size=-98304", "wal_autocheckpoint=64000", "mmap_size=0"):
            conn.exec_driver_sql(f"PRAGMA {pragma}")


# The sequence's name is looked up once, not for each number.
_DRAW = sa.text(
    "SELECT array_agg(nextval(name::regclass)) FROM generate_series(1, :count),"
    " (SELECT pg_get_serial_sequence(:of, 'id') AS name OFFSET 0) AS sequence"
)


def put(conn: Connection, table: sa.Table, count: int, columns: Mapping[str, Any]) -> None:
    """Insert `count` rows; a column is a list of values, or one value of all rows. JSON is given as its text."""
    if not count:
        return
    dialect = conn.dialect
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(table.c[name].name) for name in columns)
    into = f"{quote(table.name)} ({names})"
    ready = [_bound(dialect, table.c[name], values) for name, values in columns.items()]
    if dialect.name == "sqlite":
        rows = list(zip(*(one if isinstance(one, list) else repeat(one, count) for one in ready), strict=False))
        marks = ", ".join("?" * len(ready))
        conn.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608 - our names
    else:
        _copy(conn, f"COPY {into} FROM STDIN", ready, count)


def _bound(dialect: Dialect, column: sa.Column[Any], values: Any) -> Any:
    """The values as the driver wants them."""
    if isinstance(column.type, sa.JSON | FoldedDocument):
        return values
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    if convert is None:
        return values
    return list(map(convert, values)) if isinstance(values, list) else convert(values)


def _copy(conn: Connection, sql: str, columns: Sequence[Any], count: int) -> None:
    written = [_written(one) if isinstance(one, list) else repeat(_written([one])[0], count) for one in columns]
    lines = map("\t".join, zip(*written, strict=False))
    cursor: Any = conn.connection.cursor()
    with cursor, cursor.copy(sql) as copy:
        while part := list(islice(lines, _COPIED)):
            copy.write("\n".join([*part, ""]).encode())


def _written(values: Sequence[Any]) -> list[str]:
    """The values of a column as COPY reads them in its text format."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return list(map(str, values))
    if kinds == {str}:
        return list(values) if _SPECIAL.search("".join(values)) is None else [one.translate(_ESCAPES) for one in values]
    return ["\\N" if one is None else str(one).translate(_ESCAPES) for one in values]
