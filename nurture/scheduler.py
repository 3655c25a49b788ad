"""The clock: APScheduler ticks, one process at a time holds the lease. It keeps no state; what is due is a row."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Connection

from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.counting import FAILURES
from nurture.kernel.identity import public_id
from nurture.kernel.installation import note_time
from nurture.kernel.leases import LeaseLostError, hold, release, stands

LEASE = "clock"
_SPAN = timedelta(seconds=10)
_RENEWAL = 3.0  # seconds
_HANGS = 900.0  # seconds of one tick after which another clock may try
_monotonic = SystemClock().monotonic
_log = structlog.get_logger(__name__)


class Ticker:
    """Ticks once a second while it holds the lease; another takes over within eleven seconds of its death.

    A tick that takes long renews the lease beside it. One that has lost it all the same, since its machine stood still
    or was cut off, writes no more: the last look of each transaction asks for the lease as it was taken.
    """

    def __init__(self, context: Context, work: Callable[[], None], period: float = 1.0) -> None:
        self._context = context
        self._work = work
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{public_id()}"
        self._stopping = threading.Event()
        self._busy_since: float | None = None
        pools = {"default": ThreadPoolExecutor(1), "lease": ThreadPoolExecutor(1)}
        self._scheduler = BackgroundScheduler(executors=pools, timezone="UTC")
        often = {"trigger": "interval", "max_instances": 1, "coalesce": True, "misfire_grace_time": 3600}
        self._scheduler.add_job(self._tick, seconds=period, **often)
        self._scheduler.add_job(self._renew, seconds=_RENEWAL, executor="lease", **often)
        self.active = False

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the transaction under way, keep engine time, give the lease back."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        if self.active:
            with self._context.database.write() as conn:
                note_time(conn, self._context.clock, running=False)
            release(self._context.database, LEASE, self._holder)

    def _tick(self) -> None:
        if self._stopping.is_set():
            return
        try:
            fence = hold(self._context.database, LEASE, self._holder, _SPAN)
            if (fence is not None) is not self.active:
                name = self._holder.rpartition(":")[0]
                _log.info("clock_stands_by" if fence is None else "clock_begins", holder=name)
            self.active = fence is not None
            if fence is None:
                return
            with self._context.database.write() as conn:
                note_time(conn, self._context.clock, running=True)
            self._busy_since = _monotonic()
            with self._context.database.fenced(lambda conn: self._look(conn, fence)):
                self._work()
        except LeaseLostError as error:
            self.active = self._stopping.is_set()  # given back in order by `stop`
            _log.info("tick_ends_early", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the clock outlives every failure of a tick
            FAILURES.add("clock")
            _log.error("tick_failed", error=f"{type(error).__name__}: {error}")
        finally:
            self._busy_since = None

    def _look(self, conn: Connection, fence: int) -> None:
        if self._stopping.is_set():
            raise LeaseLostError("told to stop")
        if not stands(conn, self._context.database, LEASE, self._holder, fence):
            raise LeaseLostError("another clock has taken over")

    def _renew(self) -> None:
        """Keep the lease of a tick that takes long, unless it hangs."""
        since = self._busy_since
        if since is None or _monotonic() - since > _HANGS or self._stopping.is_set():
            return
        try:
            hold(self._context.database, LEASE, self._holder, _SPAN)
        except Exception as error:  # noqa: BLE001 - asked again soon
            _log.warning("lease_not_renewed", error=f"{type(error).__name__}: {error}")
