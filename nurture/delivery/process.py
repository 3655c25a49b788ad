"""A parent's end of one sender: start it, give it letters, hear its reports (starts processes, I/O on pipes)."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from nurture.delivery.conversation import Timeouts
from nurture.delivery.desk import Given
from nurture.delivery.dkim_keys import keys_of_relay
from nurture.delivery.frames import FrameWriter, frames
from nurture.delivery.go import DOT_SECONDS
from nurture.delivery.journal import boot_id
from nurture.delivery.letter import Letter
from nurture.delivery.model import Report
from nurture.delivery.packing import frame_of
from nurture.delivery.presets import PRESETS
from nurture.delivery.relays import Route
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.identity import public_id
from nurture.kernel.signing import ring_to_json

_monotonic = SystemClock().monotonic


class SenderProcess:
    """One sender, of one relay. `in_hand` belongs to the parent's one loop; reports arrive from a thread."""

    def __init__(self, ctx: Context, route: Route, timeouts: Timeouts, bell: threading.Event) -> None:
        self.id = public_id()
        self.route = route
        self.in_hand: dict[int, Given] = {}
        self.handed = 0
        self.heard_at = _monotonic()
        self.known_templates: set[int] = set()
        self.born = _monotonic()
        self.is_registered = False
        self._bell = bell
        self._reports: deque[Report] = deque()
        self._is_ready = self._is_leaving = self._is_closed = self._is_gone = False
        folder = ctx.settings.data_dir / "senders"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.journal = folder / f"{self.id}.journal"
        setup = _setup(ctx, route, timeouts, self.journal)
        self._process = _spawn()
        self._out = FrameWriter(cast("IO[bytes]", self._process.stdin))
        self._reader = threading.Thread(target=self._read, name=f"sender-{self.id}", daemon=True)
        self._reader.start()
        self._send(setup)

    @property
    def row(self) -> dict[str, Any]:
        """How it is kept among the senders."""
        return {
            "id": self.id,
            "host": socket.gethostname(),
            "boot": boot_id(),
            "pid": self._process.pid,
            "journal": str(self.journal),
        }

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether it takes letters: it holds its journal, and has not said that it leaves."""
        return self._is_ready and not self._is_leaving and not self._is_gone

    @property
    def has_started(self) -> bool:
        """Whether it holds its journal, so that it may be registered."""
        return self._is_ready

    @property
    def is_gone(self) -> bool:
        """Whether it has ended; what it still reported can be taken."""
        return self._is_gone

    @property
    def is_leaving(self) -> bool:
        """Whether it said that it will end."""
        return self._is_leaving

    def learn(self, revision: int, compiled: Mapping[str, Any]) -> None:
        """Teach it a template."""
        self.known_templates.add(revision)
        self._send({"kind": "template", "id": revision, "compiled": compiled})

    def give(self, letters: Sequence[Letter]) -> None:
        """Hand it letters, which are `sending` by now. When it is dead its journal will show that it began none."""
        with contextlib.suppress(OSError, ValueError):
            self._out.send_text(frame_of(letters, DOT_SECONDS))

    def take_reports(self) -> list[Report]:
        """What it reported since the last time."""
        taken: list[Report] = []
        while self._reports:
            taken.append(self._reports.popleft())
        return taken

    def put_back(self, reports: Sequence[Report]) -> None:
        """Be as before a turn that failed: reports still to be settled."""
        self._reports.extendleft(reversed(reports))

    @property
    def heard(self) -> int:
        """How many reports wait."""
        return len(self._reports)

    @property
    def is_closed(self) -> bool:
        """Whether it was asked to end, or has."""
        return self._is_closed or self._is_gone

    def close(self) -> None:
        """Ask it to end: it gives back what it has not begun, and waits for open answers."""
        self._is_leaving = self._is_closed = True
        with contextlib.suppress(OSError):
            self._out.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        self._reader.join(seconds)
        return not self._reader.is_alive()

    def _send(self, frame: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.send(frame)

    def _read(self) -> None:
        stdout = cast("IO[bytes]", self._process.stdout)
        with contextlib.suppress(ValueError):
            for frame in frames(stdout):
                self._heard(frame)
        with contextlib.suppress(OSError):
            self._out.close()
        self._process.wait()
        stdout.close()
        self._is_gone = True
        self._bell.set()

    def _heard(self, frame: Mapping[str, Any]) -> None:
        if frame["kind"] == "reports":
            self._reports.extend(Report.unpacked(data) for data in frame["reports"])
            self.heard_at = _monotonic()
        elif frame["kind"] == "ready":
            self._is_ready = True
        else:
            self._is_leaving = True
        self._bell.set()


def _spawn() -> subprocess.Popen[bytes]:
    """A sender process. It gets no settings by its environment: secrets stay with those who need them."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
    with _no_interrupts():
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "nurture.delivery.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """A process begun in here is deaf to Ctrl+C from its first instant: whether it ends is for its parent to say."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _setup(ctx: Context, route: Route, timeouts: Timeouts, journal: Path) -> dict[str, Any]:
    return {
        "kind": "setup",
        "connection": asdict(route.way),
        "connections": route.connections,
        "journal": str(journal),
        "boot": boot_id(),
        "ring": ring_to_json(ctx.keys),
        "base_url": ctx.settings.base_url,
        "bounce_address": ctx.settings.bounce_address,
        "mark": _mark(route),
        "dkim": [key.packed() for key in keys_of_relay(ctx.settings, route.preset)],
        "timeouts": asdict(timeouts),
    }


def _mark(route: Route) -> list[Any] | None:
    """By what the provider of this relay tells of our mail."""
    mark = PRESETS[route.preset].mark
    return None if mark is None else mark.packed()
