"""A backup: one file with the database, the keys, and what else the data folder holds that cannot be made again (I/O).

The database in it has SQLite's form whatever the installation runs on, so that it can be restored on either. Mode 600:
it holds personal data and secrets. The suppression key is in it, without which nobody would know who said no.
"""

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any

from nurture.backup.copying import Progress, copy, require_newest
from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import ConflictError, GuardError, InputError, OutsideError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings
from nurture.kernel.signing import load_ring
from nurture.migrations import head

FORMAT = 1
_MANIFEST, _DATABASE, _KEYS, _DATA = "manifest.json", "nurture.db", "keys.json", "data/"
# Of the data folder: secrets made once, keys that sign mail, and refused rows that somebody may still mend.
_FILES = ("secret.key", "webhook.key")
_FOLDERS = {"dkim": "*.pem", "imports": "*.csv"}
_LARGEST_MANIFEST = 1_000_000
_LARGEST_FILE = 200_000_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    nurture: str
    revision: str
    instance: str
    made_at: str  # ISO 8601, UTC
    engine: str  # the kind of database it was made from
    sha256: str  # of the database within
    leads: int
    messages: int


def _nothing(_table: str, _count: int) -> None:
    """Say nothing."""


def back_up(ctx: Context, target: Path, real: datetime, progress: Progress = _nothing) -> Manifest:
    """Write a backup of this installation; what runs may go on. ConflictError when the file is there already."""
    if target.exists():
        raise ConflictError(N_("%(path)s is there already; a backup never replaces a file"), path=target)
    try:
        with tempfile.TemporaryDirectory(prefix=".nurture-backup-", dir=target.parent) as name:
            database = Path(name) / _DATABASE
            manifest = _snapshot(ctx, database, real, progress)
            draft = Path(name) / "draft"
            _write(draft, manifest, database, ctx.settings)
            os.link(draft, target)
    except (OSError, sqlite3.Error) as error:
        raise OutsideError(N_("The backup %(path)s cannot be written: %(error)s"), path=target, error=error) from error
    return manifest


def _snapshot(ctx: Context, path: Path, real: datetime, progress: Progress) -> Manifest:
    with ctx.database.read() as conn:
        require_newest(conn)
        row = installation.load(conn)
    if row is None:
        raise GuardError(installation.UNPREPARED)
    if ctx.database.is_sqlite:
        with closing(sqlite3.connect(str(ctx.database.url.database))) as source, closing(sqlite3.connect(path)) as into:
            source.backup(into)
            into.execute("PRAGMA journal_mode=DELETE")
    else:
        into_database = Database(f"sqlite:///{path}")
        try:
            copy(ctx.database, into_database, progress)
        finally:
            into_database.close()
        _folded(path)
    with closing(sqlite3.connect(path)) as made:
        leads, messages = (made.execute(f"SELECT count(*) FROM {one}").fetchone()[0]  # noqa: S608 - two words of ours
                           for one in ("leads", "messages"))  # fmt: skip
    return Manifest(
        FORMAT, version("nurture"), head(), row.instance, real.isoformat(), ctx.database.dialect, digest(path),
        leads, messages,
    )  # fmt: skip


def _folded(path: Path) -> None:
    """One file, without the log beside it."""
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=DELETE")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(draft: Path, manifest: Manifest, database: Path, settings: Settings) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
            _add_text(tar, _MANIFEST, json.dumps(asdict(manifest), indent=1), database.parent)
            load_ring(settings.keys_file)
            tar.add(settings.keys_file, _KEYS, recursive=False, filter=_plain)
            for path, name in _beside(settings).items():
                tar.add(path, _DATA + name, recursive=False, filter=_plain)
            tar.add(database, _DATABASE, recursive=False, filter=_plain)
        file.flush()
        os.fsync(file.fileno())


def _beside(settings: Settings) -> dict[Path, str]:
    """Files of the data folder by the name they have in a backup."""
    found = {settings.data_dir / name: name for name in _FILES}
    for folder, pattern in _FOLDERS.items():
        home = (settings.dkim_dir or settings.data_dir / folder) if folder == "dkim" else settings.data_dir / folder
        found |= {path: f"{folder}/{path.name}" for path in sorted(home.glob(pattern))}
    return {path: name for path, name in found.items() if path.is_file()}


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of the machine's people."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _add_text(tar: tarfile.TarFile, name: str, text: str, folder: Path) -> None:
    path = folder / name
    path.write_text(text, "utf-8")
    tar.add(path, name, recursive=False, filter=_plain)


class Opened:
    """A backup read and found whole, unpacked into a folder that its user removes."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.folder = folder

    @property
    def database(self) -> Path:
        """The database, in SQLite's form."""
        return self.folder / _DATABASE

    def place(self, settings: Settings) -> list[Path]:
        """Put keys and files where these settings have them; gives which. ConflictError before anything is written
        when another one stands there."""
        wanted = {settings.keys_file: self.folder / _KEYS}
        for path in sorted((self.folder / _DATA).rglob("*")):
            if path.is_file():
                wanted[self._home(settings, PurePosixPath(path.relative_to(self.folder / _DATA).as_posix()))] = path
        for target, source in wanted.items():
            if target.exists() and digest(target) != digest(source):
                raise ConflictError(
                    N_("%(path)s is another one than in the backup; move it away, and restore again"), path=target
                )
        new = {target: source for target, source in wanted.items() if not target.exists()}
        for target, source in new.items():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            shutil.copyfile(source, draft)
            draft.chmod(0o600)
            draft.replace(target)
        return list(new)

    @staticmethod
    def _home(settings: Settings, name: PurePosixPath) -> Path:
        if name.parts[0] == "dkim" and settings.dkim_dir is not None:
            return settings.dkim_dir / name.name
        return settings.data_dir / Path(*name.parts)


def unpack(path: Path, folder: Path) -> Opened:
    """A backup, unpacked and found whole. InputError when it is none, damaged, or of a newer nurture."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            manifest = _manifest(tar)
            for member in tar:
                if member.name != _MANIFEST:
                    _extract(tar, member, folder)
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, str(error) or type(error).__name__) from error
    if not (folder / _DATABASE).is_file() or digest(folder / _DATABASE) != manifest.sha256:
        raise _unusable(path, "sha256")
    return Opened(manifest, folder)


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != _MANIFEST or first.size > _LARGEST_MANIFEST:
        raise ValueError("no manifest")
    data: Mapping[str, Any] = json.loads(_file(tar, first).read())
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}")
    return Manifest(**data)


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = tar.extractfile(member)
    if found is None:
        raise ValueError(f"{member.name!r} is no file")
    return found


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """A file that a backup may hold; anything else is refused, so that no archive writes where it likes."""
    parts = PurePosixPath(member.name).parts
    known = (
        member.name in {_DATABASE, _KEYS, *(_DATA + one for one in _FILES)}
        or (len(parts) == 3 and parts[0] == "data" and parts[1] in _FOLDERS and not parts[2].startswith("."))
    )  # fmt: skip
    if not known or ".." in parts or not member.isreg():
        raise ValueError(f"{member.name!r} has no place in a backup")
    if member.name != _DATABASE and member.size > _LARGEST_FILE:
        raise ValueError(f"{member.name!r} is too large")
    target = folder / Path(*parts)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _file(tar, member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _unusable(path: Path, why: str) -> InputError:
    params = (("path", str(path)), ("why", why))
    return InputError([Problem("backup", N_("%(path)s is no backup that can be restored: %(why)s"), params=params)])
