"""The real server in a process of its own, from its start to its end (I/O)."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nurture.bench.browser import Browser
from nurture.bench.failures import WrongWorkError
from nurture.bench.place import Place
from nurture.bench.processes import children
from nurture.kernel.i18n import N_

_LONGEST = 60.0  # seconds to begin, or to end
_LOOK = 0.01


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    port: int
    pid: int
    seconds: float  # from its start to its first page

    def processes(self) -> dict[str, int]:
        """Its processes by what they are."""
        web, *others = children(self.pid)
        return {"server": web} | {f"child {number}": pid for number, pid in enumerate(others, 1)}


@contextlib.contextmanager
def served(place: Place, *command: str, **settings: str) -> Iterator[Served]:
    """`nurture <command>` on a free port, with these settings."""
    with contextlib.ExitStack() as ports:
        port, mailbox = (_free(ports) for _ in range(2))
    environment = place.environment(
        **{"PORT": str(port), "HOST": "127.0.0.1", "MAILBOX_PORT": str(mailbox), **settings}
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # the second start finds what the first compiled, as in any installation
    own["PYTHONPYCACHEPREFIX"] = str(place.folder / "bytecode")
    with running([sys.executable, "-P", "-m", "nurture", *command], own | environment, place, port) as found:
        yield found


@contextlib.contextmanager
def running(command: Sequence[str], environment: dict[str, str], place: Place, port: int) -> Iterator[Served]:
    """What answers on that port, once it does; ended afterwards. It leaves its words in the place's folder."""
    path = place.folder / f"server-{port}.log"
    began = time.perf_counter()
    with path.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - ourselves
    try:
        if not _answers(process, port):
            told = path.read_text("utf-8", "replace")[-500:]
            raise WrongWorkError(N_("The server did not begin: %(told)s"), told=told)
        yield Served(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Whether a page came before the process ended or the time was over."""
    until = time.perf_counter() + _LONGEST
    while time.perf_counter() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            browser = Browser(port)
            try:
                status, _ = browser.get("/login")
            finally:
                browser.close()
            if status:
                return True
        time.sleep(_LOOK)
    return False


def _free(ports: contextlib.ExitStack) -> int:
    probe = ports.enter_context(contextlib.closing(socket.socket()))
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])
