"""The clock's side: a look at what is due and in no chunk, handed out in the transaction that found it.

1. What was handed out and is not done is read; its rows are left alone.
2. Of what is due besides, a small chunk of the newest passes the backlog, and the rest goes in its order, as long as
   fewer than `MOST_OUT` chunks of its task are out: so the queue stays short however slow the workers are.
3. What nobody takes for a while, since no worker serves its queue (none runs, or all are of an older version), the
   clock does itself.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.cluster.model import LARGEST, MOST_OUT, Chunk, Job, Task, by_lead, cut, fresh
from nurture.cluster.schema import in_schema
from nurture.engine.react import pending_leads
from nurture.enrollments import store as enrollments
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.tracking.store import waiting
from nurture.tracking.verdict import SETTLING

Work = Callable[[Sequence[int]], int]
Enqueue = Callable[[Connection, Sequence[Chunk]], None]

PATIENCE = 15.0  # seconds in which nobody takes a chunk
_monotonic = SystemClock().monotonic
_log = structlog.get_logger(__name__)


class Feeder:
    """Hands out what is due, in a process that holds the clock's lease."""

    def __init__(
        self, ctx: Context, enqueue: Enqueue, works: Mapping[Task, Work], is_active: Callable[[], bool]
    ) -> None:
        self._ctx = ctx
        self._enqueue = enqueue
        self._works = works
        self._is_active = is_active
        self._idle_since: dict[Task, float] = {}
        self._alone: set[Task] = set()
        self.bell = threading.Event()

    def work(self) -> int:
        """One look; gives how many chunks were worked on here, since nobody else does."""
        if not self._is_active():
            self._idle_since.clear()
            self._alone.clear()
            return 0
        with self._ctx.database.write() as conn:
            jobs = out(conn)
            self._enqueue(conn, find(conn, self._ctx, jobs))
        return sum(self._stand_in(task, [one for one in jobs if one.task == task]) for task in self._works)

    def _stand_in(self, task: Task, jobs: Sequence[Job]) -> int:
        left = [one for one in jobs if not one.taken and not one.put_off]
        if len(left) < len(jobs):  # somebody works on them, or has
            self._alone.discard(task)
        if not left or len(left) < len(jobs):
            self._idle_since.pop(task, None)
        if not left:
            return 0
        since = self._idle_since.setdefault(task, _monotonic())
        if task not in self._alone and _monotonic() - since < PATIENCE:
            return 0
        if task not in self._alone:
            self._alone.add(task)
            _log.warning("nobody_takes_chunks", task=task.value, waiting=len(left))
        for one in left:
            if not self._is_active():
                break
            self._works[task](one.ids)
            with self._ctx.database.write() as conn:
                drop(conn, one.id)
        return len(left)


def out(conn: Connection) -> list[Job]:
    """The chunks that were handed out and are not done."""
    rows = conn.exec_driver_sql(
        "SELECT id, task_name, args -> 'ids' AS ids, status::text AS status, scheduled_at IS NOT NULL AS put_off"
        " FROM procrastinate.procrastinate_jobs WHERE status IN ('todo', 'doing') ORDER BY id"
    )
    return [Job(row.id, row.task_name, tuple(row.ids or ()), row.status == "doing", row.put_off) for row in rows]


def drop(conn: Connection, job_id: int) -> None:
    """Take a chunk out of the queue, unless somebody has it in hand."""
    in_schema(conn)  # for what its triggers do
    gone = "DELETE FROM procrastinate_jobs WHERE id = :id AND status = 'todo'"
    conn.execute(sa.text(gone), {"id": job_id})


def find(conn: Connection, ctx: Context, jobs: Iterable[Job]) -> list[Chunk]:
    """What is due and in none of these jobs, as chunks; so many that the queue stays short."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    jobs = list(jobs)

    def chunks(task: Task, look: Callable[[int, list[int], bool], list[int]]) -> list[Chunk]:
        ours = [one for one in jobs if one.task == task]
        room = MOST_OUT - len(ours)
        if room <= 0:
            return []
        spoken = [number for one in ours for number in one.ids]
        found = look(room * LARGEST, spoken, False)  # noqa: FBT003 - read below
        if len(found) < room * LARGEST and not ours:
            return cut(task, found, room)
        first = fresh(task, look(LARGEST, spoken, True))  # noqa: FBT003
        there = set(first.ids)
        return [first, *cut(task, [one for one in found if one not in there], room)] if there else []

    def due(limit: int, but: list[int], newest: bool) -> list[int]:  # noqa: FBT001
        return by_lead(enrollments.due_but(conn, now, limit, but, newest=newest))

    def unjudged(limit: int, but: list[int], newest: bool) -> list[int]:  # noqa: FBT001
        return [hit for hit, _ in waiting(conn, real - SETTLING, limit, but=but, newest=newest)]

    def pending(limit: int, but: list[int], newest: bool) -> list[int]:  # noqa: FBT001
        return pending_leads(conn, real, limit, but=but, newest=newest)

    looks: list[tuple[Task, Any]] = [(Task.JUDGE, unjudged), (Task.REACT, pending), (Task.ADVANCE, due)]
    return [one for task, look in looks for one in chunks(task, look)]
