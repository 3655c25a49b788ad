"""Many rows written at once, with the types and server defaults of their table.

SQLite runs one statement for each row, which costs it next to nothing. To PostgreSQL all rows travel as one JSON text
in one statement: a round for each row would cost it more than the writing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeDecorator

_MOST_PARAMETERS = 32_000  # of one statement; SQLite takes 32,766
_MOST_ROWS = 1_000  # in one JSON text
_FEW = 3  # rows that travel as they are
_Rows = Sequence[Sequence[Any]]

# Only for texts that go into a parameter of their own: what a JSON text may not hold is refused by the database.
packed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def insert_rows(conn: Connection, table: sa.Table, names: Sequence[str], rows: _Rows, *, once: bool = False) -> None:
    """Insert many rows at once, each a sequence of values in the order of `names` (column keys).

    As `conn.execute(table.insert(), …)` with the same types and server defaults, at a third of its cost for each row.
    `once`: rows that are there already are passed over.
    """
    if not rows:
        return
    form = _form(conn.dialect, table, tuple(names))
    end = " ON CONFLICT DO NOTHING" if once else ""
    if (texts := form.texts(rows)) is not None:
        for text in texts:
            conn.exec_driver_sql(f"{form.into} {form.read}{end}", (text,))
        return
    conn.exec_driver_sql(f"{form.into} VALUES {form.mark}{end}", form.bound(rows))


def insert_new(
    conn: Connection,
    table: sa.Table,
    names: Sequence[str],
    rows: _Rows,
    returning: Sequence[str],
) -> list[tuple[Any, ...]]:
    """As `insert_rows` with `once`; gives these columns (numbers or texts) of the rows that were new, in any order."""
    if not rows:
        return []
    form = _form(conn.dialect, table, tuple(names))
    quote = conn.dialect.identifier_preparer.quote
    end = f"ON CONFLICT DO NOTHING RETURNING {', '.join(quote(table.c[name].name) for name in returning)}"
    new: list[tuple[Any, ...]] = []
    if (texts := form.texts(rows)) is not None:
        for text in texts:
            new += [tuple(row) for row in conn.exec_driver_sql(f"{form.into} {form.read} {end}", (text,))]
        return new
    bound = form.bound(rows)
    size = _MOST_PARAMETERS // len(names)
    for start in range(0, len(bound), size):
        part = bound[start : start + size]
        sql = f"{form.into} VALUES {', '.join([form.mark] * len(part))} {end}"
        new += [tuple(row) for row in conn.exec_driver_sql(sql, tuple(chain.from_iterable(part)))]
    return new


def update_rows(conn: Connection, table: sa.Table, names: Sequence[str], rows: _Rows) -> None:
    """Change many rows at once; each is its primary key and then the values in the order of `names` (column keys).

    As `conn.execute(table.update().where(…), …)` with the same types, at a third of its cost for each row.
    """
    if not rows:
        return
    quote = conn.dialect.identifier_preparer.quote
    (key,) = table.primary_key
    form = _form(conn.dialect, table, (key.key, *names))
    columns = [quote(table.c[name].name) for name in names]
    if (texts := form.texts(rows)) is not None:
        changes = ", ".join(f"{column} = v.c{number}" for number, column in enumerate(columns, 1))
        of = f"{quote(table.name)}.{quote(key.name)}"
        for text in texts:
            conn.exec_driver_sql(
                f"UPDATE {quote(table.name)} SET {changes} FROM {form.source} WHERE {of} = v.c0",  # noqa: S608
                (text,),
            )
        return
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    changes = ", ".join(f"{column} = {mark}" for column in columns)
    sql = f"UPDATE {quote(table.name)} SET {changes} WHERE {quote(key.name)} = {mark}"  # noqa: S608 - our names
    conn.exec_driver_sql(sql, [(*values, number) for number, *values in form.bound(rows)])


@dataclass(frozen=True, slots=True)
class _Form:
    """How rows of these columns travel: each as it is, or all in one text."""

    into: str  # INSERT INTO … (…)
    mark: str  # (?, ?)
    binders: Sequence[Callable[[Any], Any] | None]
    source: str  # a JSON text as rows v(c0, c1, …)
    read: str  # the same as SELECT c0, c1, … FROM …
    packers: Sequence[Callable[[Any], Any] | None] | None  # None: these columns do not travel as JSON
    solid: Sequence[int]  # documents that may not be missing: nothing is a value of theirs

    def bound(self, rows: _Rows) -> list[Any]:
        """The rows as the driver wants them."""
        return list(_converted(self.binders, rows))

    def texts(self, rows: _Rows) -> Iterator[str] | None:
        """The rows as JSON texts; None where they do not travel so."""
        if self.packers is None or len(rows) <= _FEW or any(row[n] is None for n in self.solid for row in rows):
            return None
        return self._texts(rows, self.packers)

    def _texts(self, rows: _Rows, packers: Sequence[Callable[[Any], Any] | None]) -> Iterator[str]:
        names = [f"c{number}" for number in range(len(packers))]
        for start in range(0, len(rows), _MOST_ROWS):
            part = _converted(packers, rows[start : start + _MOST_ROWS])
            yield packed([dict(zip(names, row, strict=True)) for row in part])


def _converted(converters: Sequence[Callable[[Any], Any] | None], rows: _Rows) -> Iterator[tuple[Any, ...]]:
    """The rows with their values converted; one that all rows share is converted once."""
    parts: list[Any] = list(zip(*rows, strict=True))
    for index, convert in enumerate(converters):
        if convert is not None:
            values = parts[index]
            same = all(value is values[0] for value in values)
            parts[index] = [convert(values[0])] * len(values) if same else list(map(convert, values))
    return zip(*parts, strict=True)


@lru_cache(maxsize=256)
def _form(dialect: Dialect, table: sa.Table, names: tuple[str, ...]) -> _Form:
    columns = [table.c[name] for name in names]
    quote = dialect.identifier_preparer.quote
    into = f"INSERT INTO {quote(table.name)} ({', '.join(quote(one.name) for one in columns)})"
    mark = f"({', '.join(['?' if dialect.name == 'sqlite' else '%s'] * len(names))})"
    binders = [one.type.dialect_impl(dialect).bind_processor(dialect) for one in columns]
    if dialect.name != "postgresql":
        return _Form(into, mark, binders, "", "", None, ())
    kinds = ", ".join(f"c{number} {one.type.compile(dialect)}" for number, one in enumerate(columns))
    source = f"jsonb_to_recordset(%s::jsonb) AS v({kinds})"
    read = f"SELECT {', '.join(f'c{number}' for number in range(len(columns)))} FROM {source}"  # noqa: S608 - our names
    documents = [_is_document(one.type) for one in columns]
    known = all(yes or _is_plain(one.type) for yes, one in zip(documents, columns, strict=True))
    packers = [_packer(one.type, dialect) for one in columns] if known else None
    solid = tuple(number for number, yes in enumerate(documents) if yes and not columns[number].nullable)
    return _Form(into, mark, binders, source, read, packers, solid)


_PLAIN = (sa.String, sa.Integer, sa.Boolean, sa.Float, sa.DateTime, sa.Date)


def _under(kind: Any) -> Any:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _is_document(kind: Any) -> bool:
    return isinstance(_under(kind), sa.JSON)


def _is_plain(kind: Any) -> bool:
    return isinstance(_under(kind), _PLAIN)


def _packer(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes a value one that JSON knows; None where it is one."""
    under = _under(kind)
    if isinstance(under, sa.DateTime | sa.Date):
        return lambda value: None if value is None else value.isoformat()
    if isinstance(kind, TypeDecorator) and type(kind).process_bind_param is not TypeDecorator.process_bind_param:
        return lambda value: kind.process_bind_param(value, dialect)
    return None
