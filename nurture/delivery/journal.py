"""A sender's own record of how far each message came, written before the bytes go (I/O on one file).

Records have a fixed size and are appended with one `write` each and no fsync: the kernel keeps them when the process is
killed, and after a reboot the journal is not believed. The sender holds a lock on the file as long as it lives, so
that anybody on this machine can tell a dead sender from a living one, whatever became of its process number.
"""

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from nurture.kernel.errors import OutsideError

if sys.platform != "win32":
    import fcntl

_MAGIC = b"NURTURE JOURNAL1"
_HEAD = struct.Struct("<16s40s")  # magic, boot
_BODY = struct.Struct("<QIHBBHH")  # message, fence, code, mark, status class, subject, detail
_SUM = struct.Struct("<I")
_NO_STATUS = (0, 0, 0)
RECORD = _BODY.size + _SUM.size


class Mark(IntEnum):
    """What is about to happen, or has."""

    ENVELOPE = 1
    DOT = 2  # the final dot is about to be written
    ANSWER = 3  # its answer was read


@dataclass(frozen=True, slots=True)
class Entry:
    """The last record of a message."""

    mark: Mark
    code: int = 0
    enhanced: str = ""


def boot_id() -> str:
    """Names the present run of this machine's kernel; empty where it cannot be told, and then nothing is trusted."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


class Journal:
    """A sender's end: open, locked, append only."""

    def __init__(self, path: Path, boot: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._broken = False
        _lock(self._file)
        self._put(_HEAD.pack(_MAGIC, boot.encode("ascii")))

    def write(self, mark: Mark, message_id: int, fence: int, code: int = 0, enhanced: str = "") -> None:
        """Append one record. OutsideError when the disk does not take it; then no final dot may follow, ever."""
        status = [int(part) for part in enhanced.split(".")] if enhanced else _NO_STATUS
        body = _BODY.pack(message_id, fence, code, mark, *status)
        self._put(body + _SUM.pack(zlib.crc32(body)))

    def dot(self, one: tuple[int, int], following: tuple[int, int] | None) -> None:
        """Append that the final dot of one (message, fence) is about to go, and the next one's envelope behind it."""
        body = _BODY.pack(*one, 0, Mark.DOT, *_NO_STATUS)
        record = body + _SUM.pack(zlib.crc32(body))
        if following is not None:
            body = _BODY.pack(*following, 0, Mark.ENVELOPE, *_NO_STATUS)
            record = b"".join((record, body, _SUM.pack(zlib.crc32(body))))
        self._put(record)

    def _put(self, data: bytes) -> None:
        if self._broken:
            raise OutsideError("The sender's journal cannot be written")
        try:
            whole = os.write(self._file, data) == len(data)
        except OSError as error:
            self._broken = True
            raise OutsideError(f"The sender's journal cannot be written: {error}") from error
        if not whole:
            self._broken = True
            raise OutsideError("The sender's journal cannot be written: the disk is full")

    def close(self) -> None:
        """Let go of the file and its lock."""
        os.close(self._file)


def _lock(file: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def of_dead_sender(path: Path) -> Iterator[bool]:
    """Whether the journal's writer is dead; while the block runs nobody else can take the journal.

    FileNotFoundError when there is no such journal here.
    """
    file = os.open(path, os.O_RDWR)
    try:
        yield _lock(file)
    finally:
        os.close(file)


def read(path: Path, boot: str) -> dict[tuple[int, int], Entry] | None:
    """The last entry of each (message, fence); None when it is no journal of this boot, or damaged.

    A record cut off at the end is left out: its writer wrote nothing more, to nobody.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) < _HEAD.size or not boot:
        return None
    magic, written = _HEAD.unpack_from(data)
    if magic != _MAGIC or written.rstrip(b"\0").decode("ascii", "replace") != boot:
        return None
    try:
        return dict(_entries(memoryview(data)[_HEAD.size :]))
    except ValueError:
        return None


def _entries(data: memoryview) -> Iterator[tuple[tuple[int, int], Entry]]:
    for start in range(0, len(data) - RECORD + 1, RECORD):
        body = data[start : start + _BODY.size]
        (total,) = _SUM.unpack_from(data, start + _BODY.size)
        if zlib.crc32(body) != total:
            raise ValueError("a damaged record")
        message, fence, code, mark, *status = _BODY.unpack(body)
        enhanced = ".".join(str(part) for part in status) if status[0] else ""
        yield (message, fence), Entry(Mark(mark), code, enhanced)
