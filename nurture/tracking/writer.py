"""Natural group commit: what gathers while one commit runs is the next one. It owns threads and tells no time of day.

Nobody waits in `Gatherer.offer`: what is to happen once an item is safe is handed in with it, so that a thousand who
wait cost no thread and no wake-up each. One commit serves all, and the busier it is, the more each commit carries.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Then = Callable[[], object]
_LOOK_AGAIN = 1.0  # seconds after which a bell that was missed costs nothing more
_SHORTEST = 0.002  # seconds between two looks at a commit


class Batch(Generic[T]):
    """Items that are committed together, and what each waits to do."""

    __slots__ = ("_turn", "_waiting", "items")

    def __init__(self) -> None:
        self.items: list[T] = []
        self._waiting: list[Then] = []
        self._turn = threading.Lock()

    def add(self, item: T, then: Then) -> None:
        """One more; only while nobody commits it."""
        self.items.append(item)
        self._waiting.append(then)

    def take(self) -> list[tuple[T, Then]]:
        """Those who wait, once: whoever takes them answers for them."""
        with self._turn:
            waiting, self._waiting = self._waiting, []
        return list(zip(self.items, waiting, strict=True)) if waiting else []


class Gatherer(Generic[T]):
    """A bounded queue and the thread that commits whatever is in it, again and again.

    `commit` keeps all items of a batch or raises. `otherwise` gets the items, with those who wait for them, of which
    that is not known within `patience` seconds from the beginning of a commit, or for which there is no room; some of
    them may be kept after all.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[list[T]], None],
        otherwise: Callable[[Sequence[tuple[T, Then]]], None],
        *,
        patience: float,
        longest: int = 2_000,
    ) -> None:
        self._name = name
        self._commit = commit
        self._otherwise = otherwise
        self._patience = patience
        self._longest = longest
        self._next: Batch[T] = Batch()
        self._turn = threading.Lock()
        self._bell = threading.Event()
        self._begun = threading.Event()
        self._done = threading.Event()
        self._open = False
        self._threads: list[threading.Thread] = []
        self._current: tuple[Batch[T], float] | None = None  # what is being committed, and since when
        self._stalled = False
        self._failing = False

    def start(self) -> None:
        """Begin to take items."""
        self._open = True
        for name, work in ((self._name, self._run), (f"{self._name}-watch", self._watch)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more, commit what waits, and end."""
        with self._turn:
            self._open = False
        self._bell.set()
        self._begun.set()
        self._done.set()
        for thread in self._threads:
            thread.join(timeout)

    def offer(self, item: T, then: Then) -> None:
        """Commit the item with the next ones, then do `then`, in a thread of ours."""
        with self._turn:
            is_taken = self._open and not self._stalled and len(self._next.items) < self._longest
            if is_taken:
                self._next.add(item, then)
        if not is_taken:
            self._otherwise([(item, then)])
        elif not self._bell.is_set():
            self._bell.set()

    def _run(self) -> None:
        while self._open or self._next.items:
            self._bell.wait(_LOOK_AGAIN)
            self._bell.clear()
            while self._next.items:
                self._keep(self._swap())

    def _swap(self) -> Batch[T]:
        with self._turn:
            batch, self._next = self._next, Batch()
        return batch

    def _keep(self, batch: Batch[T]) -> None:
        self._current = (batch, time.monotonic())
        if not self._begun.is_set():
            self._begun.set()
        error = ""
        try:
            self._commit(batch.items)
        except Exception as one:  # noqa: BLE001 - whatever it is, those who wait must know
            error = brief(one)
        with self._turn:
            self._current = None
            self._stalled = False
        self._say_failing(error)
        if error:
            self._hand_over(batch)
        else:
            tell(then for _, then in batch.take())

    def _watch(self) -> None:
        """Let nobody wait longer for a commit than patience lasts."""
        while self._open:
            current = self._current
            if current is None:
                self._begun.clear()
                if self._current is None and self._open:
                    self._begun.wait(_LOOK_AGAIN)
                continue
            batch, since = current
            left = since + self._patience - time.monotonic()
            if left <= 0 and not self._stalled:
                self._give_up(batch)
            else:
                self._done.wait(max(left, _SHORTEST))

    def _give_up(self, batch: Batch[T]) -> None:
        """Better not to queue up behind a commit that is late: until it is over nothing more is taken."""
        with self._turn:
            if self._current is None or self._current[0] is not batch:
                return
            self._stalled = True
            behind, self._next = self._next, Batch()
        self._hand_over(batch)
        self._hand_over(behind)

    def _hand_over(self, batch: Batch[T]) -> None:
        waiting = batch.take()
        if waiting:
            self._otherwise(waiting)

    def _say_failing(self, error: str) -> None:
        """Log the first of a row of failures, and the end of it."""
        if error and not self._failing:
            _log.error("commits_fail", by=self._name, error=error)
        if self._failing and not error:
            _log.info("commits_work_again", by=self._name)
        self._failing = bool(error)


def tell(waiting: Iterable[Then]) -> None:
    """Do what each waits to do; one that fails keeps no other from it."""
    for then in waiting:
        try:
            then()
        except Exception as error:  # noqa: BLE001 - the others wait
            _log.error("answer_failed", error=brief(error))


def brief(error: BaseException) -> str:
    """An error in one line: what a database adds below may name people."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]
