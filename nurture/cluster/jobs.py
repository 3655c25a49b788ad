"""Chunks as jobs of Procrastinate, and the loop that works on them (imports it; reads and writes the database).

Imported by name alone (`queue.jobs`), since Procrastinate is an extra.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.worker import Worker
from sqlalchemy.engine import URL, Connection

from nurture.cluster.model import QUEUE_OF, Chunk, Queue, Task
from nurture.cluster.schema import SCHEMA, in_schema
from nurture.kernel.clock import SystemClock
from nurture.kernel.counting import FAILURES, TURNS
from nurture.kernel.database import POSTGRESQL

Work = Callable[[Sequence[int]], int]

HEARTBEAT = 4.0  # seconds
STALLED = 15.0  # seconds without a heartbeat, after which a worker's chunks are for others
FINISHING = 20.0  # seconds that a worker which was told to stop has for the chunks in hand
_JANITOR = 5.0
_PURGE = 600.0
_POLL = 2.0  # seconds between looks when no notice comes
_log = structlog.get_logger(__name__)
_monotonic = SystemClock().monotonic
# Errors of a chunk are told once, by us; and a server that is away by the loop that reconnects.
for _name in ("procrastinate", "psycopg.pool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


def enqueue(conn: Connection, chunks: Sequence[Chunk]) -> None:
    """Hand these chunks out, in the caller's transaction, whose last act it is."""
    if not chunks:
        return
    in_schema(conn)
    _manager().batch_defer_jobs([_job(one) for one in chunks], connection=conn.connection.driver_connection)


def ring(conn: Connection) -> None:
    """Have somebody look for mail to hand over; once is enough, however often it is asked for."""
    in_schema(conn)
    bell = _job(Chunk(Task.RING)).evolve(queueing_lock="ring")
    with contextlib.suppress(AlreadyEnqueued), conn.begin_nested():
        _manager().defer_job(bell, connection=conn.connection.driver_connection)


def _manager() -> Any:
    return App(connector=SyncPsycopgConnector()).job_manager


def _job(chunk: Chunk) -> Job:
    return Job(
        queue=QUEUE_OF[chunk.task].value,
        task_name=chunk.task.value,
        priority=chunk.priority,
        lock=None,
        queueing_lock=None,
        task_kwargs={"ids": list(chunk.ids)},
    )


class Crew:
    """Works on the chunks of some queues until told to stop. One run lasts as long as the database answers."""

    def __init__(self, url: URL, works: Mapping[Task, Work], hands: Mapping[Queue, int]) -> None:
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._works = works
        self._hands = hands
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: list[Worker] = []
        self._left: list[int] = []  # the workers of a run that broke off, whose chunks are nobody's
        self._stopping = False

    def run(self) -> None:
        """Work until told to stop; ends with the error when the database does not answer."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """Take no more chunks; `run` ends when those in hand are done. For another thread to call."""
        self._stopping = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                loop.call_soon_threadsafe(self._stop_workers)

    def _stop_workers(self) -> None:
        for one in self._workers:
            one.stop()  # type: ignore[no-untyped-call]

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = self._app()
        try:
            async with app.open_async():
                await self._give_up_left(app)
                await self._work(app)
        finally:
            self._left += [one.worker_id for one in self._workers if one.worker_id is not None]
            self._workers = []
            self._loop = None

    def _app(self) -> App:
        session = f"{POSTGRESQL['options']} -c search_path={SCHEMA} -c application_name=nurture-queue"
        most = sum(self._hands.values()) + 3
        connector = PsycopgConnector(
            conninfo=self._url, kwargs={**POSTGRESQL, "options": session}, min_size=1, max_size=most, timeout=10.0
        )
        app = App(connector=connector)
        for task, work in self._works.items():
            app.task(name=task.value, queue=QUEUE_OF[task].value, retry=RetryStrategy(max_attempts=6, linear_wait=2))(
                _told(task, work)
            )
        return app

    async def _work(self, app: App) -> None:
        self._workers = [
            Worker(
                app,
                queues=[queue.value],
                name=f"nurture-{queue}",
                concurrency=hands,
                fetch_job_polling_interval=_POLL,
                shutdown_graceful_timeout=FINISHING,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
            )
            for queue, hands in self._hands.items()
        ]
        running = [asyncio.create_task(one.run()) for one in self._workers]  # type: ignore[no-untyped-call]
        running.append(asyncio.create_task(self._janitor(app)))
        if self._stopping:
            self._stop_workers()
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        self._stop_workers()
        running[-1].cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def _give_up_left(self, app: App) -> None:
        """What an earlier run of ours had in hand when it broke off is for anybody, at once."""
        while self._left:
            await app.job_manager.unregister_worker(self._left[-1])
            self._left.pop()

    async def _janitor(self, app: App) -> None:
        """Take up chunks of workers that died; forget dead workers, and jobs that nothing ended."""
        next_purge = _monotonic() + _PURGE
        while True:
            await asyncio.sleep(_JANITOR)
            await take_up(app)
            if _monotonic() >= next_purge:
                next_purge = _monotonic() + _PURGE
                await app.job_manager.delete_old_jobs(
                    1, include_failed=True, include_cancelled=True, include_aborted=True
                )


async def take_up(app: App, seconds: float = STALLED) -> int:
    """Let others have the chunks of workers without a heartbeat; gives how many."""
    count = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=seconds):
        with contextlib.suppress(ConnectorException):  # somebody else was quicker
            await app.job_manager.retry_job(job)
            count += 1
            _log.info("chunk_taken_up_again", job=job.id, task=job.task_name)
    await app.job_manager.prune_stalled_workers(seconds)
    return count


def _told(task: Task, work: Work) -> Callable[..., None]:
    """The work with its failures told; Procrastinate puts a chunk that failed off."""

    def run(ids: list[int]) -> None:
        try:
            count = work(ids)
        except Exception as error:
            FAILURES.add(task.value)
            _log.error("chunk_failed", task=task.value, rows=len(ids), error=f"{type(error).__name__}: {error}")
            raise
        TURNS.add(task.value, count=count)

    return run
