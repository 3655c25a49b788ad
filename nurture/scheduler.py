"""The clock: APScheduler ticks, one process at a time holds the lease. It keeps no state; what is due is a row."""

import os
import socket
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from nurture.kernel.context import Context
from nurture.kernel.counting import FAILURES
from nurture.kernel.identity import public_id
from nurture.kernel.installation import note_time
from nurture.kernel.leases import hold, release

LEASE = "clock"
_SPAN = timedelta(seconds=10)
_log = structlog.get_logger(__name__)


class Ticker:
    """Ticks once a second while it holds the lease; another takes over within ten seconds of its death."""

    def __init__(self, context: Context, work: Callable[[], None], period: float = 1.0) -> None:
        self._context = context
        self._work = work
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{public_id()}"
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone="UTC")
        self._scheduler.add_job(
            self._tick, "interval", seconds=period, max_instances=1, coalesce=True, misfire_grace_time=3600
        )
        self.active = False

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the tick under way, keep engine time, give the lease back."""
        self._scheduler.shutdown(wait=True)
        if self.active:
            with self._context.database.write() as conn:
                note_time(conn, self._context.clock, running=False)
            release(self._context.database, LEASE, self._holder)

    def _tick(self) -> None:
        try:
            active = hold(self._context.database, LEASE, self._holder, _SPAN) is not None
            if active is not self.active:
                _log.info("clock_begins" if active else "clock_stands_by", holder=self._holder.rpartition(":")[0])
            self.active = active
            if not active:
                return
            with self._context.database.write() as conn:
                note_time(conn, self._context.clock, running=True)
            self._work()
        except Exception as error:  # noqa: BLE001 - the clock outlives every failure of a tick
            FAILURES.add("clock")
            _log.error("tick_failed", error=f"{type(error).__name__}: {error}")
