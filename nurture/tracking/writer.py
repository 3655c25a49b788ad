"""Natural group commit: what gathers while one commit runs is the next one. It owns a thread and reads no clock.

`Gatherer.offer` gives a ticket, and the ticket says when the item is safe. One commit serves all who wait, so that the
busier it is, the more each commit carries.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Ticket(Generic[T]):
    """Waits for the commit of one item."""

    __slots__ = ("_done", "_over", "item", "kept")

    def __init__(self, item: T) -> None:
        self.item = item
        self.kept = False
        self._over = False
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self, timeout: float) -> bool:
        """Whether the item was committed within this many seconds."""
        return self._done.acquire(timeout=timeout) and self.kept

    @property
    def settled(self) -> bool:
        """Whether its commit is over, well or badly."""
        return self._over

    def settle(self, *, kept: bool) -> None:
        """Wake the one who waits."""
        self.kept = kept
        self._over = True
        self._done.release()


class Gatherer(Generic[T]):
    """A bounded queue and the thread that commits whatever is in it, again and again.

    `commit` keeps all items of a batch or raises.
    """

    def __init__(
        self, name: str, commit: Callable[[list[T]], None], *, longest: int = 10_000, batch: int = 1_000
    ) -> None:
        self._name = name
        self._commit = commit
        self._longest = longest
        self._batch = batch
        self._waiting: deque[Ticket[T]] = deque()
        self._bell = threading.Event()
        self._open = False
        self._thread: threading.Thread | None = None
        self._committing = False
        self._late = False

    def start(self) -> None:
        """Begin to take items."""
        self._open = True
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more, commit what waits, and end."""
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

    def offer(self, item: T) -> Ticket[T] | None:
        """A ticket for the item; None when the queue is full or closed."""
        if not self._open or len(self._waiting) >= self._longest:
            return None
        ticket = Ticket(item)
        self._waiting.append(ticket)
        if not self._bell.is_set():
            self._bell.set()
        return ticket

    def _run(self) -> None:
        while self._open or self._waiting:
            self._bell.wait(1.0)
            self._bell.clear()
            while self._waiting:
                self._keep([self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch))])

    def _keep(self, tickets: list[Ticket[T]]) -> None:
        kept = False
        self._late, self._committing = False, True
        try:
            self._commit([ticket.item for ticket in tickets])
            kept = True
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must know
            _log.error("commit_failed", by=self._name, count=len(tickets), error=f"{type(error).__name__}: {error}")
        finally:
            self._committing = False
            for ticket in tickets:
                ticket.settle(kept=kept)
