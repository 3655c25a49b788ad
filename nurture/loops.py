"""Threads that call a function again when a bell rings or a period is over. A failure is logged and put off."""

import threading
from collections.abc import Callable

import structlog

from nurture.kernel.counting import FAILURES, TURNS

_log = structlog.get_logger(__name__)
_LONGEST_PAUSE = 30.0


class Loop:
    """Calls `work` until it reports nothing left, then waits for the bell or the period."""

    def __init__(self, name: str, work: Callable[[], int], bell: threading.Event, period: float) -> None:
        self._name = name
        self._work = work
        self._bell = bell
        self._period = period
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the call under way and end."""
        self._stopping.set()
        self._bell.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        _log.info("loop_begins", loop=self._name)
        done = failed = 0
        pause = 1.0
        while not self._stopping.is_set():
            self._bell.clear()
            try:
                while count := self._work():
                    done += count
                    TURNS.add(self._name, count=count)
                    if self._stopping.is_set():
                        break
                pause = 1.0
            except Exception as error:  # noqa: BLE001 - a loop outlives every failure of its work
                failed += 1
                FAILURES.add(self._name)
                _log.error("loop_failed", loop=self._name, error=f"{type(error).__name__}: {error}", retry_in=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            self._bell.wait(self._period)
        _log.info("loop_ends", loop=self._name, done=done, failed=failed)
