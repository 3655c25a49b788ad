"""Hits on disk while the database cannot take them: lines of JSON, synced, read back later without doubles.

It reads and writes files under its folder, and nothing else. A file belongs to the process that holds its lock; the
files of those that are gone are anybody's. A line that a crash cut off was never promised to anybody.
"""

import contextlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import structlog

from nurture.tracking.model import Hit

if sys.platform != "win32":
    import fcntl

_log = structlog.get_logger(__name__)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Spool:
    """The folder of one installation on this machine. Every method may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._file: IO[bytes] | None = None

    def append(self, hits: Sequence[Hit]) -> None:
        """Keep the hits: when this returns they are on the disk. OSError when the disk says no."""
        lines = b"".join(_line(hit) for hit in hits)
        with self._turn:
            file = self._file or self._begin()
            try:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                self._end()  # whatever part was written, no later line shall follow on it
                raise

    def finished(self) -> list[Path]:
        """The files that nobody appends to any more, our own among them, oldest first."""
        self.close()
        if not self._folder.is_dir():
            return []
        return [path for path in sorted(self._folder.glob("*.jsonl")) if _abandoned(path)]

    def close(self) -> None:
        """Append no more; the file is anybody's."""
        with self._turn:
            self._end()

    def _begin(self) -> IO[bytes]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{os.getpid()}-{secrets.token_hex(6)}.jsonl"
        file = open(path, "xb", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
            _sync_folder(self._folder)
        self._file = file
        return file

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def read_back(path: Path) -> Iterator[Hit]:
    """The hits of a file; a line that cannot be read is logged and passed over.

    Nothing when the file is gone: another process has brought it in.
    """
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _hit(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                _log.warning("spool_line_unreadable", file=path.name, line=number, error=str(error))


def _line(hit: Hit) -> bytes:
    data = {name: getattr(hit, name) for name in Hit.__slots__}
    data["at"], data["engine_at"] = hit.at.isoformat(), hit.engine_at.isoformat()
    return _encode(data).encode() + b"\n"


def _hit(data: dict[str, Any]) -> Hit:
    data["at"] = datetime.fromisoformat(data["at"])
    data["engine_at"] = datetime.fromisoformat(data["engine_at"])
    return Hit(**data)


def _abandoned(path: Path) -> bool:
    """Whether no process holds the file."""
    if sys.platform == "win32":
        return True
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
