"""Bringing a database to the present form: Alembic, run by `bootstrap` and by `nurture migrate`.

Before a change, SQLite is copied by itself; the last three copies are kept. Whether there is a change is read from the
names of the files and one row: Alembic itself is loaded by whoever changes something.
"""

import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError
from nurture.kernel.i18n import N_
from nurture.kernel.later import later

if TYPE_CHECKING:
    from nurture.migrations import upgrading
else:
    upgrading = later("nurture.migrations.upgrading")  # 80 modules: only where the form changes

_VERSIONS = Path(__file__).resolve().parent / "versions"
_LOCK = 5_117_302_011  # any number of our own, for PostgreSQL's advisory lock
# The oldest revision whose code may run beside this form: moved up by a migration that takes something away, which
# comes a release after the code has stopped using it.
SERVES = "0006"
_SERVES = "serves "
_KEPT = 3
_log = structlog.get_logger(__name__)


@cache
def revisions() -> frozenset[str]:
    """All revisions this code knows: the numbers that begin the names of their files."""
    return frozenset(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def head() -> str:
    """The newest revision this code knows."""
    if not revisions():
        raise GuardError(N_("This installation has no migrations; it is damaged, install it again"))
    return max(revisions())


def current(connection: Connection) -> str | None:
    """The revision the database is at; None when it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the database to the newest form; gives the revisions before and after. Safe when several start at once."""
    target = head()
    with database.read() as conn:
        before = current(conn)
    if before == target:
        return before, target
    if before is not None and before not in revisions():
        with database.read() as conn:
            if serves(conn) in revisions():
                _log.warning("database_is_newer", revision=before, ours=target)
                return before, before
        raise GuardError(
            N_("The database is of a newer nurture (revision %(revision)s); upgrade this installation"), revision=before
        )
    if before is not None and database.is_sqlite:
        _copy(Path(str(database.url.database)), before)
    with database.write() as conn:
        if not database.is_sqlite:
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        upgrading.upgrade(conn)
        if not database.is_sqlite:
            conn.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_SERVES}{SERVES}'")
    return before, target


def serves(conn: Connection) -> str | None:
    """The oldest revision whose code may run on this database, as a newer nurture noted it; None where none did.

    So a process of the release before may start, or start again, while the others are being upgraded.
    """
    if conn.dialect.name != "postgresql":
        return None
    noted = conn.exec_driver_sql("SELECT obj_description('alembic_version'::regclass, 'pg_class')").scalar()
    return str(noted).removeprefix(_SERVES) if noted is not None and str(noted).startswith(_SERVES) else None


def _copy(path: Path, revision: str) -> None:
    """A consistent copy beside the database; older ones beyond the last three go."""
    target = path.with_name(f"{path.name}.before-{revision}")
    source = sqlite3.connect(path)
    copy = sqlite3.connect(target)
    with copy:
        source.backup(copy)
    copy.close()
    source.close()
    copies = sorted(path.parent.glob(f"{path.name}.before-*"), key=lambda p: p.stat().st_mtime)
    for old in copies[:-_KEPT]:
        old.unlink()
