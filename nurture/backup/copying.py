"""Every row of one database into another, empty one, whichever of the two kinds they are (reads, writes databases).

The source is read in one snapshot, so that what runs there may go on. The target is one transaction: it holds all or
nothing. Counts are compared at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import Database, insert_rows
from nurture.kernel.errors import ConflictError, GuardError, OutsideError
from nurture.kernel.i18n import N_
from nurture.migrations import current, head, migrate
from nurture.schema import metadata

_AT_ONCE = 2_000
Progress = Callable[[str, int], None]  # a table's name and how many of its rows are there


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of each table."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        """Of all tables."""
        return sum(self.counts.values())


def require_newest(conn: Connection) -> None:
    """GuardError unless the database has the form that this code knows."""
    if current(conn) != head():
        raise GuardError(N_("The database is not in the newest form: run nurture migrate first"))


def require_empty(database: Database) -> None:
    """ConflictError when the database has tables of ours already."""
    with database.read() as conn:
        if current(conn) is not None:
            raise ConflictError(
                N_("There is an installation at %(place)s already; name an empty database"),
                place=database.url.render_as_string(hide_password=True),
            )


def copy(source: Database, target: Database, progress: Progress = lambda _table, _count: None) -> Copied:
    """All rows of `source` into `target`, which is empty and gets its tables here. Gives the counts.

    ConflictError when the target is in use, GuardError when the source is of another form, OutsideError when a count
    differs at the end: nothing stays in the target then.
    """
    require_empty(target)
    with source.snapshot() as old:
        require_newest(old)
        migrate(target)
        with target.write() as new, _unreferred(new):
            # What PostgreSQL writes by itself is no part of it.
            tables = [table for table in metadata.sorted_tables if "derived" not in table.info]
            counts = {table.name: _copied(old, new, table, progress) for table in tables}
            _number_on(new)
            for table in tables:
                found = new.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                if found != counts[table.name]:
                    raise OutsideError(
                        N_("Table %(table)s has %(found)s rows in the copy instead of %(wanted)s"),
                        table=table.name,
                        found=found,
                        wanted=counts[table.name],
                    )
    return Copied(counts)


def _copied(old: Connection, new: Connection, table: sa.Table, progress: Progress) -> int:
    new.execute(table.delete())  # what migrations put there
    names = [column.key for column in table.c]
    count = 0
    query = sa.select(table).execution_options(yield_per=_AT_ONCE)
    for part in old.execute(query).partitions():
        insert_rows(new, table, names, [tuple(row) for row in part])
        count += len(part)
        progress(table.name, count)
    return count


@contextmanager
def _unreferred(conn: Connection) -> Iterator[None]:
    """Without foreign keys, since rows refer to later ones (a merged lead to its winner); checked at the end."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield
        return
    found = conn.exec_driver_sql(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conparentid = 0 AND connamespace = current_schema()::regnamespace"
    ).all()
    for table, name, _ in found:
        conn.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    for table, name, definition in found:
        conn.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _number_on(conn: Connection) -> None:
    """New rows get numbers after those that came; SQLite does so by itself."""
    if conn.dialect.name == "sqlite":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or not isinstance(column.type, sa.Integer):
            continue
        sequence = conn.execute(sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name))).scalar()
        if sequence is None:
            continue
        last = conn.execute(sa.select(sa.func.max(column))).scalar()
        if last is not None:
            conn.execute(sa.select(sa.func.setval(sequence, last)))
