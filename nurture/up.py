"""`nurture up` and the Procfile's processes: granian in front, the moving parts beside it, an orderly end.

The main process of granian only watches; the web process it starts holds the database, the loops and the sender
children. A web process whose parent died ends by itself, so that no orphan goes on sending.
"""

import contextlib
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy.engine import make_url

from nurture.bootstrap import build
from nurture.cluster.model import Queue
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.later import later
from nurture.kernel.settings import Settings
from nurture.runtime import Part, parts
from nurture.web.front import front
from nurture.web.probes import ProbeServer
from nurture.web.serving import answer_later, can_answer_later

if sys.platform != "win32":
    import fcntl
if TYPE_CHECKING:
    from nurture.demo import readers, sellers
else:
    readers, sellers = later("nurture.demo.readers"), later("nurture.demo.sellers")  # where it is the demo

_log = structlog.get_logger(__name__)
# Where a hit must hold a thread until its commit, many wait side by side; else one takes all there is.
_THREADS = 64
_FORMS = 4  # at a time, while a client sends one
_CONNECTIONS = 1024
# Seconds a loop keeps the interpreter while a request waits: a click should not wait for several loops, 5 ms each.
_SWITCH = 0.0001


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process is to run."""

    settings: Settings
    roles: frozenset[str]
    demo: bool = False
    queues: frozenset[Queue] = frozenset(Queue)  # of a worker
    queued: bool = False  # work goes in chunks by the queue


def serve(plan: Plan) -> None:
    """Answer HTTP until told to stop. OutsideError when the port is taken."""
    settings = plan.settings
    server = Granian(
        "nurture.up:web",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_FORMS if can_answer_later() else _THREADS,
        backpressure=_CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_enabled=False,
        process_name=None,
    )
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=_end_when_told)
    server.serve(target_loader=partial(_web, plan), wrap_loader=False)


def check_ports(settings: Settings) -> None:
    """OutsideError when a port this server needs is taken, with the setting that names another."""
    _free(settings.host, settings.port, "NURTURE_PORT")
    if settings.has_mailbox:
        _free("127.0.0.1", settings.mailbox_port, "NURTURE_MAILBOX_PORT")


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """While the block runs no other server may run on the same SQLite file. ConflictError when one does."""
    if not settings.database_url.startswith("sqlite") or sys.platform == "win32":
        yield
        return
    path = Path(f"{make_url(settings.database_url).database}.server")
    with path.open("ab") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                N_("Another server runs on this database: %(path)s"), path=path.with_suffix("")
            ) from error
        yield


def _free(host: str, port: int, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OutsideError(
                N_("%(place)s cannot be used (%(error)s); stop what runs there, or set %(setting)s"),
                setting=setting,
                place=f"{host}:{port}",
                error=error.strerror,
            ) from error


def _web(plan: Plan) -> Callable[..., Any]:
    """Runs in the web process: builds the context, starts its parts, gives the WSGI callable."""
    _end_when_told()
    _end_with_parent(os.getppid())
    sys.setswitchinterval(_SWITCH)
    context = build(plan.settings, runs_engine="clock" in plan.roles)
    application, tracker = front(context)
    if can_answer_later():
        answer_later(tracker)
    running: list[Part] = [tracker, *parts(context, plan.roles)]
    if plan.demo:
        running += [readers.Readers(context), sellers.Sellers(context)]
    start_all(running)
    multiprocessing.util.Finalize(None, _close, args=(running, context), exitpriority=100)
    return application


def run(plan: Plan) -> None:
    """A process without HTTP (`clock`, `worker`): runs its parts until SIGTERM or SIGINT."""
    context = build(plan.settings, runs_engine="clock" in plan.roles)
    running = parts(context, plan.roles, plan.queues, queued=plan.queued)
    if plan.settings.metrics_port:
        running.append(ProbeServer(context))
    done = context.wake.stopping
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: done.set())
    start_all(running)
    try:
        done.wait()
    finally:
        _close(running, context)


def _end_when_told() -> None:
    """Until granian listens in the web process, a signal ends it at once; the inherited handler would swallow it."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, _leave)


def _leave(*_: object) -> None:
    raise SystemExit(0)


def start_all(running: Sequence[Part]) -> None:
    """Start in order; when one cannot, those before it are stopped."""
    started: list[Part] = []
    try:
        for part in running:
            part.start()
            started.append(part)
    except BaseException:
        for part in reversed(started):
            part.stop()
        raise


def _close(running: Sequence[Part], context: Context) -> None:
    context.wake.stopping.set()
    for part in reversed(running):
        try:
            part.stop()
        except Exception as error:  # noqa: BLE001 - the others are stopped all the same
            _log.error("stop_failed", part=type(part).__name__, error=f"{type(error).__name__}: {error}")
    context.database.close()


def _end_with_parent(parent: int) -> None:
    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def answers(base: str, timeout: float = 0.5) -> bool:
    """Whether the server at this address is ready."""
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=timeout) as answer:  # noqa: S310 - our own address
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False
