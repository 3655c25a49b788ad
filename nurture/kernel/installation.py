"""The installation's own row: which one it is, where it lives, and its engine time. Reads and writes the database.

A copy restored elsewhere keeps the row but not the place; it notices, and does not send until it is claimed.
A database once in time-lapse refuses the real clock, and the other way round: their instants would mix.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.clock import Clock, LapseClock, SystemClock
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.tables import installation

MOVED = N_("This database was copied or moved: nothing is sent until it is claimed (nurture instance claim)")
RESTORED = N_("This database was restored from a backup: nothing is sent until it is claimed (nurture instance claim)")
WENT_BACK = N_(
    "This database has gone back in time, as a copy put in its place does: nothing is sent until it is claimed "
    "(nurture instance claim)"
)
STOPPED = N_("A person stopped this installation: nothing is sent until it is claimed (nurture instance claim)")
UNPREPARED = N_("The database has not been prepared: run nurture migrate")
_STALE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Installation:
    """The row as it stands."""

    instance: str
    place: str
    created_at: datetime
    mode: str | None  # real | lapse | None: has not run yet
    demo: bool
    engine_at: datetime | None
    noted_at: datetime | None
    speed: float | None
    stopped_sending: str | None


def load(conn: Connection) -> Installation | None:
    """The installation's row, or None before the first start."""
    row = conn.execute(sa.select(installation)).mappings().first()
    if row is None:
        return None
    return Installation(**{name: row[name] for name in Installation.__slots__})


def place_of(database: Database, conn: Connection) -> str:
    """A name of where the database lives: machine and path, or the PostgreSQL cluster and the database's number."""
    if database.is_sqlite:
        machine = Path("/etc/machine-id")
        name = machine.read_text("ascii").strip() if machine.exists() else ""
        text = f"{name}:{Path(str(database.url.database)).resolve()}"
    else:
        system = conn.exec_driver_sql("SELECT system_identifier FROM pg_control_system()").scalar_one()
        number = conn.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar_one()
        text = f"{system}:{number}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def settle(database: Database, *, real: datetime, demo: bool, mail_domain: str | None = None) -> Installation:
    """Make the row at the first start; notice a move; keep the domain that Message-IDs are made with. Gives the row."""
    with database.write() as conn:
        here = place_of(database, conn)
        found = load(conn)
        if found is None:
            conn.execute(
                installation.insert().values(id=1, instance=public_id(), place=here, created_at=real, demo=demo)
            )
        elif found.place != here and found.stopped_sending is None:
            conn.execute(installation.update().values(stopped_sending=MOVED))
        if mail_domain is not None:
            conn.execute(installation.update().values(mail_domain=mail_domain))
        row = load(conn)
    assert row is not None  # noqa: S101 - just written
    return row


def claim(database: Database) -> None:
    """A person says: this copy is the one that sends."""
    with database.write() as conn:
        conn.execute(installation.update().values(place=place_of(database, conn), stopped_sending=None))


def mark_restored(database: Database) -> None:
    """What was just restored sends nothing until it is claimed, wherever it stands."""
    stop(database, RESTORED)


def stop(database: Database, reason: str = STOPPED) -> None:
    """Send nothing from now on, until somebody claims it."""
    with database.write() as conn:
        conn.execute(installation.update().values(stopped_sending=reason))


def choose_mode(database: Database, *, speed: float, real: datetime) -> None:
    """Fix whether this database lives in real time or in time-lapse. GuardError when it has lived in the other."""
    mode = "lapse" if speed else "real"
    with database.write() as conn:
        found = load(conn)
        if found is None:
            raise GuardError(UNPREPARED)
        if found.mode not in {None, mode}:
            raise GuardError(
                N_("This database has run in time-lapse and cannot go back to the real clock; use another database")
                if found.mode == "lapse"
                else N_("This database has run on the real clock and cannot go into time-lapse; use another database")
            )
        values: dict[str, object] = {"mode": mode}
        if speed:
            values |= {"speed": speed, "engine_at": found.engine_at or real}
        conn.execute(installation.update().values(values))


def clock_of(row: Installation, *, starting: bool, system: Clock | None = None) -> Clock:
    """The clock of this database. `starting`: time-lapse goes on from where it stood; else it follows who runs it."""
    base = system or SystemClock()
    if row.mode != "lapse" or row.engine_at is None or row.speed is None:
        return base
    now = base.real()
    if starting:
        return LapseClock(row.engine_at, now, row.speed)
    if row.noted_at is not None and now - row.noted_at < _STALE:
        return LapseClock(row.engine_at, row.noted_at, row.speed)
    return LapseClock(row.engine_at, now, 0.0)


def note_time(conn: Connection, clock: Clock, *, running: bool) -> None:
    """Keep engine time in time-lapse, so that it goes on from here."""
    conn.execute(
        installation.update()
        .where(installation.c.mode == "lapse")
        .values(engine_at=clock.engine(), noted_at=clock.real() if running else None)
    )
