"""Natural group commit: what gathers while one commit runs is the next one. It owns a thread and reads no clock.

`Gatherer.offer` gives the batch an item went into, and the batch says when it is safe. One commit serves all who wait,
so that the busier it is, the more each commit carries.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Batch(Generic[T]):
    """Items that are committed together, and those who wait for it.

    They pass one gate one after another; waking them all at once would have them fight for the interpreter's lock.
    """

    __slots__ = ("_gate", "_kept", "items")

    def __init__(self) -> None:
        self.items: list[T] = []
        self._kept: bool | None = None
        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self, timeout: float) -> bool | None:
        """Whether the batch was committed; None when that is not known after this many seconds."""
        if self._gate.acquire(timeout=timeout):
            self._gate.release()
        return self._kept

    def settle(self, *, kept: bool) -> None:
        """Let those who wait go on."""
        self._kept = kept
        self._gate.release()


class Gatherer(Generic[T]):
    """A bounded queue and the thread that commits whatever is in it, again and again.

    `commit` keeps all items of a batch or raises.
    """

    def __init__(self, name: str, commit: Callable[[list[T]], None], *, longest: int = 2_000) -> None:
        self._name = name
        self._commit = commit
        self._longest = longest
        self._next: Batch[T] = Batch()
        self._turn = threading.Lock()
        self._bell = threading.Event()
        self._open = False
        self._thread: threading.Thread | None = None
        self._committing = False
        self._late = False
        self._failing = False

    def start(self) -> None:
        """Begin to take items."""
        self._open = True
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more, commit what waits, and end."""
        with self._turn:
            self._open = False
        self._bell.set()
        if self._thread is not None:
            self._thread.join(timeout)

    @property
    def stalled(self) -> bool:
        """Whether the commit under way has kept somebody waiting too long: better not to queue up behind it."""
        return self._late and self._committing

    def say_late(self) -> None:
        """Somebody's patience with the commit under way is over."""
        self._late = True

    def offer(self, item: T) -> Batch[T] | None:
        """The batch the item is in; None when the queue is full or closed."""
        with self._turn:
            batch = self._next
            if not self._open or len(batch.items) >= self._longest:
                return None
            batch.items.append(item)
        if not self._bell.is_set():
            self._bell.set()
        return batch

    def _run(self) -> None:
        while self._open or self._next.items:
            self._bell.wait(1.0)
            self._bell.clear()
            while self._next.items:
                with self._turn:
                    batch, self._next = self._next, Batch()
                self._keep(batch)

    def _keep(self, batch: Batch[T]) -> None:
        kept = False
        self._late, self._committing = False, True
        try:
            self._commit(batch.items)
            kept = True
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must know
            self._say_failing(brief(error))
        else:
            self._say_failing("")
        finally:
            self._committing = False
            batch.settle(kept=kept)

    def _say_failing(self, error: str) -> None:
        """Log the first of a row of failures, and the end of it."""
        if error and not self._failing:
            _log.error("commits_fail", by=self._name, error=error)
        if self._failing and not error:
            _log.info("commits_work_again", by=self._name)
        self._failing = bool(error)


def brief(error: BaseException) -> str:
    """An error in one line: what a database adds below may name people."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]
