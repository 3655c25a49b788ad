"""A backup back into an empty place. The restored installation sends nothing until a person claims it (I/O)."""

import shutil
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

from nurture.backup.archive import Manifest, unpack
from nurture.backup.copying import Progress, copy, require_empty
from nurture.kernel import installation
from nurture.kernel.database import Database
from nurture.kernel.errors import ConflictError
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings
from nurture.migrations import migrate


def restore(path: Path, settings: Settings, progress: Progress) -> Manifest:
    """Put a backup where these settings point; older ones are brought to the newest form on the way.

    ConflictError when an installation or another key ring stands there, InputError when the file is no good backup.
    """
    url = make_url(settings.database_url)
    file = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    _require_room(settings.database_url, file)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".nurture-restore-", dir=settings.data_dir) as name:
        opened = unpack(path, Path(name))
        _brought_up(opened.database)
        opened.place(settings)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(opened.database, file)
        else:
            _into(opened.database, settings.database_url, progress)
    return opened.manifest


def _require_room(url: str, file: Path | None) -> None:
    if file is None:
        target = Database(url)
        try:
            require_empty(target)
        finally:
            target.close()
        return
    standing = [one for one in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))) if one.exists()]
    if standing and (len(standing) > 1 or file.stat().st_size):
        raise ConflictError(
            N_("There is a database at %(path)s already; move it away with its -wal and -shm, and restore again"),
            path=file,
        )


def _brought_up(path: Path) -> None:
    """In the newest form, and marked as restored before it stands where something might start on it."""
    database = Database(f"sqlite:///{path}")
    try:
        migrate(database)
        installation.mark_restored(database)
        with database.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
    for left in path.parent.glob(f"{path.name}.*"):
        left.unlink()


def _into(path: Path, url: str, progress: Progress) -> None:
    source, target = Database(f"sqlite:///{path}"), Database(url)
    try:
        copy(source, target, progress)
    finally:
        source.close()
        target.close()
