"""The moving parts of one process, by role: which loops run, and in which order they start and stop.

`web` answers pages and hits. `clock` ticks while it holds the lease. `worker` judges hits, reacts to activities and
hands messages over. `nurture up` is all three in one.
"""

import threading
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from sqlalchemy.engine import Connection

from nurture.broadcasts.progress import progress
from nurture.delivery.mailbox import Mailbox
from nurture.delivery.service import Dispatcher
from nurture.engine.calling import judge
from nurture.engine.health import Watch
from nurture.engine.leave import examine
from nurture.engine.presence import Presence
from nurture.engine.react import react
from nurture.engine.silence import look_again
from nurture.engine.tick import tick
from nurture.engine.upkeep import upkeep
from nurture.inbound.fetch import Fetcher
from nurture.kernel.context import Context
from nurture.kernel.counting import STEPS, TICKS
from nurture.loops import Loop
from nurture.outbound.dispatch import Outbox
from nurture.rehearsal import jobs
from nurture.scheduler import Ticker
from nurture.tracking.service import ingest

_HOUR, _MINUTE = 3600.0, 60.0
_PERIOD = 1.0  # seconds after which a loop looks without a bell: what another process left


class Part(Protocol):
    """Something that starts and stops with the process."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End in order."""
        ...


def parts(context: Context, roles: Collection[str]) -> list[Part]:
    """What runs in a process of these roles, in the order of starting; stopped in reverse."""
    running: list[Part] = [Presence(context, roles)]
    if "web" in roles:
        running += [Mailbox(context)] if context.settings.has_mailbox else []
        running.append(tidier(context))
    if "worker" in roles:
        running += [
            Dispatcher(context),
            Loop("hits", lambda: ingest(context), context.wake.hits, _PERIOD),
            Loop("reactions", lambda: _react(context), context.wake.reactions, _PERIOD),
            Loop("calls", Outbox(context, judge).work, context.wake.calls, _PERIOD),
        ]
        if context.settings.inbox_url is not None:
            running.append(Loop("inbox", Fetcher(context).work, threading.Event(), _MINUTE))
    if "clock" in roles:
        ticker = Ticker(context, lambda: _tick(context))
        watch = Watch(context)
        running += [ticker, Loop("health", lambda: watch.look() if ticker.active else 0, threading.Event(), _MINUTE)]
    return running


def _tick(context: Context) -> None:
    with TICKS.measured():
        report = tick(context)
        progress(context)
        upkeep(context)
    STEPS.add("advanced", count=report.advanced)
    STEPS.add("failed", count=report.failed)
    STEPS.add("queued", count=report.queued)
    STEPS.add("entered", count=report.looked_at)


def tidier(context: Context) -> Loop:
    """Removes old rehearsals every hour: copies of personal data, kept where the pages run that ask for them."""

    def tidy() -> int:
        jobs.make_room(context)
        return 0

    return Loop("rehearsals", tidy, threading.Event(), _HOUR)


def _react(context: Context) -> int:
    zone, language = context.settings.zone, context.settings.language

    def leave(conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> None:
        examine(conn, lead_ids, now, real, zone=zone, language=language)
        if look_again(conn, lead_ids, now=now):
            context.wake.messages.set()

    return react(context, after=(leave,))
