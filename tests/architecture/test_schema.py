"""The tables: every column says whether it is personal, and the migrations lead to what the code expects."""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from nurture.kernel.database import Database
from nurture.kernel.partitions import is_part
from nurture.migrations import current, head, migrate, revisions
from nurture.migrations.upgrading import alembic_config
from nurture.schema import metadata


def test_every_column_says_whether_it_is_personal() -> None:
    """An erasure must know what to blank."""
    unmarked = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("personal") not in {True, False}
    ]
    assert unmarked == []


def test_migrations_lead_to_the_tables_of_the_code(tmp_path: object) -> None:
    """On SQLite a migrated database has nothing that the code lacks, and lacks nothing."""
    _same_after_migration(Database(f"sqlite:///{tmp_path}/migrated.db"))


def test_migrations_lead_to_the_same_tables_on_postgresql(postgres_server: str) -> None:
    """So it is on PostgreSQL, in a database of its own."""
    url = sa.make_url(postgres_server)
    admin = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS nurture_migrated WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE nurture_migrated")
    admin.dispose()
    target = url.set(drivername="postgresql", database="nurture_migrated")
    _same_after_migration(Database(target.render_as_string(hide_password=False)))


def test_the_names_of_the_files_tell_the_revisions() -> None:
    """A start reads the names alone; Alembic reads the same out of the files."""
    scripts = ScriptDirectory.from_config(alembic_config())
    assert revisions() == {one.revision for one in scripts.walk_revisions()}
    assert head() == scripts.get_current_head()


def _same_after_migration(database: Database) -> None:
    before, after = migrate(database)
    assert before is None
    assert after == head()
    with database.read() as conn:
        assert current(conn) == head()
        cut = [name for name, table in metadata.tables.items() if "by_month" in table.info]

        def is_compared(name: str | None, kind: str, within: Any) -> bool:
            """Parts are made by upkeep; what is unique holds the instant too (kernel/partitions.py)."""
            if kind == "table":
                return not is_part(name or "", cut)
            return kind != "unique_constraint" or within["table_name"] not in cut

        def is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
            return kind != "unique_constraint" or not any(str(name).startswith(f"uq_{one}_") for one in cut)

        options = {} if database.is_sqlite else {"include_name": is_compared, "include_object": is_ours}
        differences = compare_metadata(MigrationContext.configure(conn, opts=options), metadata)
    again, _ = migrate(database)
    database.close()
    assert differences == []
    assert again == after
