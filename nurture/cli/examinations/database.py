"""The database: whether it answers, its form, whether it is whole, how it is set up."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from nurture.bootstrap import is_prepared, place_of
from nurture.cli.examinations import Place
from nurture.engine.health_words import size
from nurture.engine.invariants import SKEWED
from nurture.kernel.clock import SystemClock
from nurture.kernel.database import Database
from nurture.kernel.errors import OutsideError
from nurture.kernel.findings import Finding, Section
from nurture.kernel.i18n import N_
from nurture.migrations import current, head, revisions

_S = Section("database")
_CHECKED = 4.0  # seconds for which SQLite's own check may take
_LARGE_WAL = 256 * 1024**2
_OLDEST = 130_000  # PostgreSQL 13
_WRAPS = 1_500_000_000  # transactions; at two thousand million PostgreSQL stops
_IDLE = timedelta(minutes=10)
_monotonic = SystemClock().monotonic


def examine(place: Place) -> Iterator[Finding]:
    """All of it."""
    where = place_of(place.settings)
    try:
        if not is_prepared(place.settings):
            yield _S.warning(N_("There is no database at %(place)s"), N_("nurture up makes one"), where, place=where)
            return
        with contextlib.closing(Database(place.settings.database_url)) as database, database.read() as conn:
            yield from _form(conn)
            yield from _skew(database, conn, place)
            yield from (
                _sqlite(Path(str(database.url.database)))
                if database.is_sqlite
                else _postgresql(conn, database.now(conn))
            )
    except (SQLAlchemyError, OutsideError, OSError, sqlite3.Error) as error:
        yield _S.wrong(
            N_("The database at %(place)s does not answer (%(error)s)"),
            N_("is it running, does NURTURE_DATABASE_URL name it, may this user open it?"), where, place=where,
            error=type(error).__name__,
        )  # fmt: skip


def _form(conn: Connection) -> Iterator[Finding]:
    at = current(conn)
    if at == head():
        yield _S.ok(N_("It has the newest form (%(revision)s)"), revision=at)
    elif at in revisions():
        yield _S.wrong(N_("It has an older form (%(revision)s)"), N_("run: nurture migrate"), revision=at)
    else:
        yield _S.warning(
            N_("It has a form that this version does not know (%(revision)s)"), N_("upgrade nurture on this machine"),
            revision=at,
        )  # fmt: skip


def _skew(database: Database, conn: Connection, place: Place) -> Iterator[Finding]:
    ahead = (place.clock.real() - database.now(conn)).total_seconds()
    if abs(ahead) > SKEWED:
        yield _S.wrong(
            N_("This machine's clock is %(seconds)s seconds away from the database's"),
            N_("switch on time synchronization on both (chrony, systemd-timesyncd)"), seconds=round(ahead),
        )  # fmt: skip
    elif not database.is_sqlite:
        yield _S.ok(N_("This machine's clock and the database's agree"))


def _sqlite(path: Path) -> Iterator[Finding]:
    log = path.with_name(f"{path.name}-wal")
    bytes_ = log.stat().st_size if log.exists() else 0
    if bytes_ > _LARGE_WAL:
        yield _S.warning(
            N_("SQLite's log has grown to %(size)s: somebody reads for very long"),
            N_("end programs that hold the database open; it shrinks by itself then"), str(log),
            size=size(bytes_, "en"),
        )  # fmt: skip
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
    until = _monotonic() + _CHECKED
    connection.set_progress_handler(lambda: _monotonic() > until, 10_000)
    try:
        said = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(3) if said == ["ok"] else []
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        yield _S.ok(
            N_("SQLite %(version)s; it is too large to be checked here in seconds"), version=sqlite3.sqlite_version
        )
        return
    finally:
        connection.close()
    if said != ["ok"]:
        yield _S.wrong(
            N_("The file is damaged: %(said)s"), N_("stop nurture, keep a copy, restore the last backup"), str(path),
            said=said[0][:200],
        )  # fmt: skip
    elif orphans:
        yield _S.wrong(
            N_("Rows of %(table)s name rows that are gone"), N_("keep a copy of the database and tell us"), str(path),
            table=", ".join(sorted({str(row[0]) for row in orphans})),
        )  # fmt: skip
    else:
        yield _S.ok(N_("SQLite %(version)s; the file is whole"), version=sqlite3.sqlite_version)


def _postgresql(conn: Connection, at: datetime) -> Iterator[Finding]:
    number = int(conn.exec_driver_sql("SHOW server_version_num").scalar_one())
    version = conn.exec_driver_sql("SHOW server_version").scalar_one()
    if number < _OLDEST:
        yield _S.wrong(N_("PostgreSQL %(version)s is too old"), N_("13 or newer is needed"), version=version)
    else:
        yield _S.ok(N_("PostgreSQL %(version)s"), version=version)
    names = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
    query = sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY (:names)")
    found = {row.name: row.setting for row in conn.execute(query, {"names": list(names)})}
    for name in names[:3]:
        if found.get(name) == "off":
            yield _S.wrong(
                N_("PostgreSQL has %(name)s off: what was said to be sent may be forgotten with the power"),
                N_("switch it on in postgresql.conf"), name, name=name,
            )  # fmt: skip
    if found.get("autovacuum") == "off":
        yield _S.warning(N_("PostgreSQL has autovacuum off: tables grow and slow down"), N_("switch it on in "
                         "postgresql.conf"), "autovacuum")  # fmt: skip
    yield from _postgresql_state(conn, at)


def _postgresql_state(conn: Connection, at: datetime) -> Iterator[Finding]:
    bad = conn.exec_driver_sql(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid LIMIT 3"
    ).scalars().all()  # fmt: skip
    if bad:
        yield _S.warning(
            N_("An index was not built to its end: %(name)s"), N_("REINDEX INDEX CONCURRENTLY %(name)s"), bad[0],
            name=bad[0],
        )  # fmt: skip
    age = conn.exec_driver_sql("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")
    if int(age.scalar_one()) > _WRAPS:
        yield _S.wrong(
            N_("PostgreSQL runs out of transaction numbers: it will stop to write"),
            N_("run VACUUM in this database, and find out why autovacuum does not come by"),
        )  # fmt: skip
    idle = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' "
        "AND state_change < :before"
    )
    count = conn.execute(idle, {"before": at - _IDLE}).scalar_one()
    if count:
        yield _S.warning(
            N_("%(count)s connections hold a transaction open and do nothing: the database cannot clean up"),
            N_("end the programs they belong to (pg_stat_activity names them)"), count=count,
        )  # fmt: skip
