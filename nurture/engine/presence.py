"""Each process shows that it lives: a row with what it sees of its own machine, and what it counted (reads and writes).

The row is seen every quarter of a minute. What was counted since the last time is added to the minute's pulses, so that
the rates of all machines stand in one table, whichever process dies.
"""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from nurture.kernel import counting
from nurture.kernel.context import Context
from nurture.kernel.database import upsert
from nurture.kernel.identity import public_id
from nurture.kernel.tables import processes, pulses

if sys.platform != "win32":
    import resource

_log = structlog.get_logger(__name__)
PERIOD = 15.0  # seconds
QUIET = timedelta(seconds=60)  # after which a process that says nothing is not believed to live
_SPOOL_FILES = 1_000  # the most that are looked at


@dataclass(frozen=True, slots=True)
class Figures:
    """What a process sees of itself and of its machine."""

    skew: float = 0.0  # seconds that its clock is ahead of the database's
    disk_free: int = -1  # bytes beside its data; -1: cannot be told
    disk_total: int = -1
    writable: bool = True  # its data folder, where journals lie
    spool: int = 0  # bytes of hits that wait on its disk
    spool_files: int = 0
    spool_age: float = 0.0  # seconds since the oldest of them
    memory: int = 0  # bytes, at its peak
    tick: float = 0.0  # seconds of the latest tick
    waited: float = 0.0  # seconds of the latest wait of a writer, on SQLite

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Figures":
        """What a row has, of this version or another."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@cache
def version() -> str:
    """Of the code that runs."""
    try:
        return version_of("nurture")
    except PackageNotFoundError:
        return "0"


def figures(ctx: Context, at: datetime) -> Figures:
    """What is to be seen now; `at` is the database's time at this moment."""
    folder = ctx.settings.data_dir
    free = total = -1
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(folder)
        free, total = usage.free, usage.total
    size, count, age = spool_of(folder / "spool", ctx.clock.real())
    skew = round((ctx.clock.real() - at).total_seconds(), 3)
    return Figures(
        skew, free, total, is_writable(folder), size, count, age, _memory(),
        round(counting.TICKS.spans().latest, 3), round(counting.WRITER_WAITS.spans().latest, 3),
    )  # fmt: skip


def _memory() -> int:
    if sys.platform == "win32":
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def is_writable(folder: Path) -> bool:
    """Whether a file can be made there and written to."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".looks-") as file:
            file.write(b"nurture")
            file.flush()
    except OSError:
        return False
    return True


def spool_of(folder: Path, real: datetime) -> tuple[int, int, float]:
    """Bytes and number of the files that wait, and the age of the oldest in seconds."""
    size = count = 0
    oldest = real.timestamp()
    try:
        with os.scandir(folder) as found:
            for one in found:
                if count >= _SPOOL_FILES:
                    break
                with contextlib.suppress(FileNotFoundError):
                    state = one.stat()
                    count, size, oldest = count + 1, size + state.st_size, min(oldest, state.st_mtime)
    except OSError:
        return 0, 0, 0.0
    return size, count, round(real.timestamp() - oldest, 1)


class Presence:
    """A part of a process: begins with it, says that it lives, and says good-bye."""

    def __init__(self, ctx: Context, roles: Collection[str], period: float = PERIOD) -> None:
        self.id = public_id()
        self._ctx = ctx
        self._roles = " ".join(sorted(roles))
        self._period = period
        self._told: dict[str, float] = {}  # what the pulses have of us
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye, as far as the database hears it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def _run(self) -> None:
        _log.info("process_begins", roles=self._roles, version=version())
        while not self._stopping.is_set():
            self._say(ended=False)
            self._stopping.wait(self._period)
        self._say(ended=True)
        _log.info("process_ends", roles=self._roles)

    def _say(self, *, ended: bool) -> None:
        try:
            self.say(ended=ended)
        except Exception as error:  # noqa: BLE001 - whoever cannot be heard goes on with its work
            _log.warning("presence_failed", error=type(error).__name__)

    def say(self, *, ended: bool = False) -> None:
        """Write the row, and add what was counted since the last time."""
        counted = counts()
        with self._ctx.database.read() as conn:
            seen = asdict(figures(self._ctx, self._ctx.database.now(conn)))
        with self._ctx.database.write() as conn:
            at = self._ctx.database.now(conn)
            row = {
                "id": self.id, "roles": self._roles, "host": socket.gethostname(), "pid": os.getpid(),
                "version": version(), "started_at": at,
            }  # fmt: skip
            change = {"seen_at": at, "ended_at": at if ended else None, "figures": seen}
            insert = upsert(conn.dialect.name, processes).values({**row, **change})
            conn.execute(insert.on_conflict_do_update(index_elements=["id"], set_=change))
            new = {what: count - self._told.get(what, 0) for what, count in counted.items()}
            add(conn, at, {what: count for what, count in new.items() if count > 0})
        self._told = counted


def counts() -> dict[str, float]:
    """What the pulses keep of what this process has counted."""
    found = {
        "hits": counting.HITS.total(), "reactions": counting.REACTIONS.values().get(("done",), 0.0),
        "steps": counting.STEPS.values().get(("advanced",), 0.0), "failures": counting.FAILURES.total(),
        "ticks": counting.TICKS.spans().count,
    }  # fmt: skip
    sent = sum(count for (_, outcome), count in counting.SENDS.values().items() if outcome == "sent")
    return {**found, "sent": sent, "tried": counting.SENDS.total()}


def add(conn: Connection, at: datetime, amounts: Mapping[str, float]) -> None:
    """Add to the minute's pulses. In one order, so that nobody waits for each other."""
    minute = at.replace(second=0, microsecond=0)
    for what, amount in sorted(amounts.items()):
        insert = upsert(conn.dialect.name, pulses).values(minute=minute, what=what, amount=amount)
        more = {"amount": pulses.c.amount + amount}
        conn.execute(insert.on_conflict_do_update(index_elements=["minute", "what"], set_=more))
