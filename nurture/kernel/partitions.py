"""Tables cut by month, on PostgreSQL: what they are made of, and their parts. On SQLite they are tables as any other.

A part is named after its table: `hits_y2026m11`; `hits_rest` takes whatever has no part of its own, so that nothing is
ever refused; `hits_before` is what stood there before it was cut. The primary key and what is unique hold the instant
too, as PostgreSQL wants it: unique is a key together with its instant. It reads and writes the database.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles

_PATIENCE = "2s"  # for the lock that everybody who reads the table holds; who does not get it comes again later
_PART = re.compile(r"_(rest|before|y\d{4}m\d\d)$")
_BOUND = re.compile(r"'([^']+)'")


def by_month(column: str, *, loose: Sequence[str] = ()) -> dict[str, Any]:
    """Options of a table that is cut by this instant. `loose`: columns that PostgreSQL shall not hold unique itself."""
    info = {"by_month": column, "loose": tuple(loose)}
    return {"postgresql_partition_by": f"RANGE ({column})", "info": info}


@compiles(sa.PrimaryKeyConstraint, "postgresql")
def _primary(constraint: sa.PrimaryKeyConstraint, compiler: Any, **options: Any) -> str | None:
    text: str = compiler.visit_primary_key_constraint(constraint, **options)
    return _with_instant(text, constraint)


@compiles(sa.UniqueConstraint, "postgresql")
def _unique(constraint: sa.UniqueConstraint, compiler: Any, **options: Any) -> str | None:
    text: str = compiler.visit_unique_constraint(constraint, **options)
    loose = constraint.table.info.get("loose", ())
    return None if any(column.name in loose for column in constraint.columns) else _with_instant(text, constraint)


def _with_instant(text: str, constraint: sa.PrimaryKeyConstraint | sa.UniqueConstraint) -> str:
    column = constraint.table.info.get("by_month")
    return text if column is None else f"{text.rstrip(')')}, {column})"


@event.listens_for(sa.Table, "after_create")
def _made(table: sa.Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql" and "by_month" in table.info:
        connection.exec_driver_sql(f"CREATE TABLE {table.name}_rest PARTITION OF {table.name} DEFAULT")


def is_part(name: str, tables: Sequence[str]) -> bool:
    """Whether this is the name of a part of one of the tables."""
    return bool(_PART.search(name)) and _PART.sub("", name) in tables


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a table, from an instant up to another; None: without an end. `is_rest`: whatever no other takes."""

    name: str
    since: datetime | None
    until: datetime | None
    is_rest: bool


def parts(conn: Connection, table: sa.Table) -> list[Part]:
    """The parts of a table, the earliest first, the rest last. None on SQLite."""
    if conn.dialect.name == "sqlite":
        return []
    bound = sa.text(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = CAST(:name AS regclass)"
    )
    rows = conn.execute(bound, {"name": table.name})
    found = [_part(name, span) for name, span in rows]
    return sorted(found, key=lambda one: (one.is_rest, one.since or datetime.min.replace(tzinfo=UTC)))


def _part(name: str, bound: str) -> Part:
    if bound == "DEFAULT":
        return Part(name, None, None, is_rest=True)
    low, high = bound.split(" TO ")
    return Part(name, _instant(low), _instant(high), is_rest=False)


def _instant(text: str) -> datetime | None:
    found = _BOUND.search(text)
    if found is None:
        return None
    written = found[1] + ":00" if re.search(r"[+-]\d\d$", found[1]) else found[1]
    return datetime.fromisoformat(written).astimezone(UTC)


def month_of(at: datetime) -> datetime:
    """The first instant of its month (UTC)."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    """The first instant of the next month."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def make_month(conn: Connection, table: sa.Table, month: datetime) -> bool:
    """Make the part of this month, and move there what the rest holds of it. False when others were in the way.

    In a transaction of its own. Who reads the table waits while rows are moved: none, as long as months are made ahead.
    """
    name, at = f"{table.name}_y{month:%Y}m{month:%m}", table.info["by_month"]
    since, until = f"'{month.isoformat()}'", f"'{month_after(month).isoformat()}'"
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    try:
        conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        conn.exec_driver_sql(f"LOCK TABLE {table.name}, {table.name}_rest IN ACCESS EXCLUSIVE MODE")
        conn.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL)")
        conn.exec_driver_sql(
            f"WITH moved AS (DELETE FROM {table.name}_rest WHERE {at} >= {since} AND {at} < {until}"  # noqa: S608
            f" RETURNING {columns}) INSERT INTO {name} ({columns}) SELECT {columns} FROM moved"
        )
        conn.exec_driver_sql(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({since}) TO ({until})")
    except OperationalError:  # the lock was not to be had
        conn.rollback()
        return False
    return True


def missing(conn: Connection, table: sa.Table, now: datetime, ahead: int) -> list[datetime]:
    """Months from this one on, and so many ahead, that have no part yet; then one that the rest holds rows of."""
    if conn.dialect.name == "sqlite":
        return []
    known = [one for one in parts(conn, table) if not one.is_rest]
    wanted = [month_of(now)]
    for _ in range(ahead):
        wanted.append(month_after(wanted[-1]))
    at = table.info["by_month"]
    (first,) = conn.exec_driver_sql(f"SELECT min({at}) FROM {table.name}_rest").one()  # noqa: S608 - our own names
    wanted += [month_of(first)] if first is not None else []
    return [month for month in dict.fromkeys(wanted) if not any(_covers(one, month) for one in known)]


def _covers(part: Part, month: datetime) -> bool:
    return (part.since is None or part.since <= month) and (part.until is None or month < part.until)


def drop(conn: Connection, part: Part) -> None:
    """Take a part away with everything in it."""
    conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
    conn.exec_driver_sql(f"DROP TABLE {part.name}")
