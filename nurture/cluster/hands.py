"""A worker's side: a thread that takes chunks from the queue, and goes on by itself when the database was away."""

import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import structlog

from nurture.cluster.model import Queue, Task
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context

_LONGEST_PAUSE = 5.0
_monotonic = SystemClock().monotonic
_log = structlog.get_logger(__name__)


class Hands:
    """Works on the chunks of some queues, on so many of each at a time.

    `stop` takes no more and waits for the chunks in hand, 20 seconds at most; what is not done by then, and what a
    killed worker had in hand, is taken up by others.
    """

    def __init__(
        self, ctx: Context, works: Mapping[Task, Callable[[Sequence[int]], int]], hands: Mapping[Queue, int]
    ) -> None:
        self._crew: Any = import_module("nurture.cluster.jobs").Crew(ctx.database.url, works, hands)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End once the chunks in hand are done."""
        self._stopping.set()
        self._crew.stop()
        if self._thread.is_alive():
            self._thread.join(25.0)

    def _run(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            try:
                begun = _monotonic()
                self._crew.run()
                pause = 0.5 if _monotonic() - begun > _LONGEST_PAUSE else pause
                if not self._stopping.is_set():
                    _log.warning("queue_broke_off", retry_in=pause)
            except Exception as error:  # noqa: BLE001 - the queue outlives a database that is away
                _log.error("queue_broke_off", error=f"{type(error).__name__}: {error}", retry_in=pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
