"""The moving parts of one process, by role: which loops run, and in which order they start and stop.

`web` answers pages and hits. `clock` ticks while it holds the lease. `worker` judges hits, reacts to activities and
hands messages over. `nurture up` is all three in one.

Where work is queued (many machines), the clock cuts what is due into chunks and workers take them; else the clock and
each worker look for themselves. Both do it by the same functions (`works`).
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.engine import Connection

from nurture.broadcasts.progress import progress
from nurture.cluster.feed import Feeder
from nurture.cluster.hands import Hands
from nurture.cluster.model import QUEUE_OF, Queue, Task
from nurture.cluster.service import ring
from nurture.delivery.service import Dispatcher
from nurture.engine.calling import judge
from nurture.engine.health import Watch
from nurture.engine.leave import examine
from nurture.engine.presence import Presence
from nurture.engine.react import react
from nurture.engine.silence import look_again
from nurture.engine.tick import advance_these, tick
from nurture.engine.upkeep import upkeep
from nurture.kernel.context import Context
from nurture.kernel.counting import STEPS, TICKS
from nurture.kernel.later import later
from nurture.loops import Loop
from nurture.outbound.dispatch import Outbox
from nurture.scheduler import Ticker
from nurture.tracking.service import ingest
from nurture.tracking.store import leads_of

# What not every installation has, and what is looked after once an hour.
if TYPE_CHECKING:
    from nurture.delivery import mailbox
    from nurture.inbound import fetch
    from nurture.rehearsal import jobs
else:
    mailbox = later("nurture.delivery.mailbox")
    fetch = later("nurture.inbound.fetch")
    jobs = later("nurture.rehearsal.jobs")

_HOUR, _MINUTE = 3600.0, 60.0
_PERIOD = 1.0  # seconds after which a loop looks without a bell: what another process left
_FEED = 0.5  # seconds between looks at what is due and in no chunk
_EVERY = frozenset(Queue)


class Part(Protocol):
    """Something that starts and stops with the process."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End in order."""
        ...


def parts(
    context: Context, roles: Collection[str], queues: Collection[Queue] = _EVERY, *, queued: bool = False
) -> list[Part]:
    """What runs in a process of these roles, in the order of starting; stopped in reverse.

    `queued`: work goes in chunks by the queue; a worker takes those of `queues`.
    """
    running: list[Part] = [Presence(context, roles)]
    if "web" in roles:
        running += [mailbox.Mailbox(context)] if context.settings.has_mailbox else []
        running.append(tidier(context))
    if "worker" in roles:
        running += _worker(context, queues, queued=queued)
    if "clock" in roles:
        ticker = Ticker(context, lambda: _tick(context, advances=not queued))
        if queued:
            enqueue = import_module("nurture.cluster.jobs").enqueue
            feeder = Feeder(context, enqueue, works(context), lambda: ticker.active)
            running += [Loop("feed", feeder.work, feeder.bell, _FEED), _ringer(context)]
        watch = Watch(context)
        running += [ticker, Loop("health", lambda: watch.look() if ticker.active else 0, threading.Event(), _MINUTE)]
    return running


def _worker(context: Context, queues: Collection[Queue], *, queued: bool) -> list[Part]:
    running: list[Part] = []
    if Queue.SEND in queues:
        running += [Dispatcher(context), Loop("calls", Outbox(context, judge).work, context.wake.calls, _PERIOD)]
    elif queued:
        running.append(_ringer(context))
    if Queue.INGEST in queues and not queued:
        running += [
            Loop("hits", lambda: ingest(context), context.wake.hits, _PERIOD),
            Loop("reactions", lambda: _react(context), context.wake.reactions, _PERIOD),
        ]
    if Queue.INGEST in queues and context.settings.inbox_url is not None:
        running.append(Loop("inbox", fetch.Fetcher(context).work, threading.Event(), _MINUTE))
    if queued:
        many = {
            Queue.SEND: 1,
            Queue.ADVANCE: context.settings.worker_advance,
            Queue.INGEST: context.settings.worker_ingest,
        }
        ours = {task: work for task, work in works(context).items() if QUEUE_OF[task] in queues}
        running.append(Hands(context, ours, {queue: many[queue] for queue in queues}))
    return running


def _ringer(context: Context) -> Loop:
    """Passes the bell for mail on, out of a process that hands none over itself."""
    return Loop("ring", lambda: ring(context), context.wake.messages, _HOUR)


def works(context: Context) -> Mapping[Task, Callable[[Sequence[int]], int]]:
    """What is done with the ids of a chunk. Each may be told twice, or late, of the same."""

    def judge_hits(ids: Sequence[int]) -> int:
        count = ingest(context, hits=ids)
        with context.database.read() as conn:
            leads = leads_of(conn, ids)
        return count + react_to(leads)  # a click may make a lead hot: nobody waits for the next look

    def react_to(leads: Sequence[int]) -> int:
        total = 0
        while count := _react(context, leads):
            total += count
        return total

    def hand_over(_: Sequence[int]) -> int:
        context.wake.messages.set()
        return 0

    return {
        Task.ADVANCE: lambda ids: _advanced(context, ids),
        Task.JUDGE: judge_hits,
        Task.REACT: react_to,
        Task.RING: hand_over,
    }


def _tick(context: Context, *, advances: bool = True) -> None:
    with TICKS.measured():
        report = tick(context, advances=advances)
        progress(context)
        upkeep(context)
    STEPS.add("advanced", count=report.advanced)
    STEPS.add("failed", count=report.failed)
    STEPS.add("queued", count=report.queued)
    STEPS.add("entered", count=report.looked_at)


def _advanced(context: Context, ids: Sequence[int]) -> int:
    count = advance_these(context, ids)
    STEPS.add("advanced", count=count)
    return count


def tidier(context: Context) -> Loop:
    """Removes old rehearsals every hour: copies of personal data, kept where the pages run that ask for them."""

    def tidy() -> int:
        jobs.make_room(context)
        return 0

    return Loop("rehearsals", tidy, threading.Event(), _HOUR)


def _react(context: Context, leads: Sequence[int] | None = None) -> int:
    zone, language = context.settings.zone, context.settings.language

    def leave(conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> None:
        examine(conn, lead_ids, now, real, zone=zone, language=language)
        if look_again(conn, lead_ids, now=now):
            context.wake.messages.set()

    return react(context, after=(leave,), leads=leads)
