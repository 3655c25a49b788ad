"""How much room each table takes, and from when to when its rows are. It reads the database and writes nothing."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from nurture.kernel.database import Database, metadata
from nurture.kernel.settings import Settings

# Tables that grow with what happens, and the instant that tells the age of a row.
_AGES = {
    "messages": "created_at", "attempts": "at", "hits": "at", "activities": "recorded_at", "decisions": "at",
    "score_entries": "recorded_at", "passages": "at", "enrollments": "entered_at", "audit": "at",
}  # fmt: skip
_KEPT = {"hits": "keep_hits", "attempts": "keep_attempts"}


@dataclass(frozen=True, slots=True)
class Volume:
    """One table. `bytes`: with its indexes; None where the database does not tell. `days`: how long rows are kept."""

    table: str
    rows: int  # on PostgreSQL as its statistics say
    bytes: int | None
    oldest: datetime | None
    newest: datetime | None
    days: int | None  # None: for as long as the installation lives


def volumes(database: Database, settings: Settings) -> tuple[list[Volume], int]:
    """The tables that hold something, the largest first, and the size of the whole database."""
    with database.read() as conn:
        sizes = _sizes(conn) if database.is_sqlite else _relations(conn)
        total = _total(conn)
        found = [_volume(conn, table, settings, sizes.get(table.name)) for table in metadata.sorted_tables]
    return sorted((one for one in found if one.rows), key=lambda one: (-(one.bytes or 0), -one.rows)), total


def _volume(conn: Connection, table: sa.Table, settings: Settings, size: tuple[int, int] | None) -> Volume:
    rows = size[0] if size else conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    oldest = newest = None
    if table.name in _AGES and rows:
        at = table.c[_AGES[table.name]]
        oldest = conn.execute(sa.select(at).order_by(table.c.id).limit(1)).scalar_one_or_none()
        newest = conn.execute(sa.select(at).order_by(table.c.id.desc()).limit(1)).scalar_one_or_none()
    days = getattr(settings, _KEPT[table.name]) or None if table.name in _KEPT else None
    return Volume(table.name, int(rows), size[1] if size else None, oldest, newest, days)


def _relations(conn: Connection) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table on PostgreSQL; of one that is cut, those of its parts."""
    query = sa.text(
        "SELECT coalesce(p.relname, c.relname), sum(greatest(c.reltuples, 0)), sum(pg_total_relation_size(c.oid))"
        " FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent"
        " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace GROUP BY 1"
    )
    found = {name: (int(rows), int(size)) for name, rows, size in conn.execute(query)}
    return {name: (rows, size) for name, (rows, size) in found.items() if rows > 0}


def _sizes(conn: Connection) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table on SQLite, where it was built to tell."""
    query = sa.text(
        "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name"
        " WHERE s.aggregate = TRUE GROUP BY 1"
    )
    try:
        sizes = {name: int(size) for name, size in conn.execute(query)}
    except DBAPIError:
        return {}
    tables = [table for table in metadata.sorted_tables if table.name in sizes]
    counts = ((one, conn.execute(sa.select(sa.func.count()).select_from(one)).scalar_one()) for one in tables)
    return {table.name: (int(count), sizes[table.name]) for table, count in counts}


def _total(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        query = "SELECT pg_database_size(current_database())"
    return int(conn.exec_driver_sql(query).scalar_one())
