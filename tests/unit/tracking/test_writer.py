"""Natural group commit: what gathers while one commit runs is the next one, and everybody learns how theirs ended."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nurture.tracking.writer import Gatherer, Then


class Shelf:
    """Takes batches; each waits until it is let through, and may be made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.refused: list[int] = []
        self.begun = threading.Semaphore(0)
        self.through = threading.Semaphore(0)
        self.told = threading.Semaphore(0)
        self.broken = False

    def commit(self, items: list[int]) -> None:
        """Keep a batch."""
        self.begun.release()
        assert self.through.acquire(timeout=5)
        if self.broken:
            raise OSError("no room")
        self.batches.append(items)

    def refuse(self, waiting: Sequence[tuple[int, Then]]) -> None:
        """Take what was not kept, or not in time."""
        for item, then in waiting:
            self.refused.append(item)
            then()

    def tell(self) -> None:
        """Somebody who waited goes on."""
        self.told.release()


@contextmanager
def running(shelf: Shelf, longest: int = 10, patience: float = 5.0) -> Iterator[Gatherer[int]]:
    """A gatherer over the shelf."""
    gatherer = Gatherer("test", shelf.commit, shelf.refuse, patience=patience, longest=longest)
    gatherer.start()
    yield gatherer
    shelf.through.release(100)
    gatherer.stop()


def test_what_comes_during_a_commit_goes_together_into_the_next() -> None:
    """One commit serves all who wait, and nobody goes on before theirs."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        gatherer.offer(1, shelf.tell)
        assert shelf.begun.acquire(timeout=5)
        for number in (2, 3, 4):
            gatherer.offer(number, shelf.tell)
        assert not shelf.told.acquire(timeout=0.01)
        shelf.through.release(1)
        assert shelf.told.acquire(timeout=5)
        assert shelf.begun.acquire(timeout=5)
        assert not shelf.told.acquire(timeout=0.01)
        shelf.through.release(1)
        assert all(shelf.told.acquire(timeout=5) for _ in range(3))
    assert shelf.batches == [[1], [2, 3, 4]]
    assert shelf.refused == []


def test_a_failed_commit_is_no_promise() -> None:
    """What was in it is handed on, and the next commit is another matter."""
    shelf = Shelf()
    shelf.broken = True
    with running(shelf) as gatherer:
        shelf.through.release(1)
        gatherer.offer(1, shelf.tell)
        assert shelf.told.acquire(timeout=5)
        assert shelf.refused == [1]
        shelf.broken = False
        shelf.through.release(1)
        gatherer.offer(2, shelf.tell)
        assert shelf.told.acquire(timeout=5)
    assert shelf.batches == [[2]]
    assert shelf.refused == [1]


def test_a_full_queue_takes_no_more() -> None:
    """It is bounded, so that a dead database does not fill the memory."""
    shelf = Shelf()
    with running(shelf, longest=2) as gatherer:
        gatherer.offer(1, shelf.tell)
        assert shelf.begun.acquire(timeout=5)
        for number in (2, 3, 4):
            gatherer.offer(number, shelf.tell)
        assert shelf.refused == [4]


def test_nobody_waits_for_a_commit_that_is_late() -> None:
    """What it holds and what is behind it goes elsewhere, each once, until it is over."""
    shelf = Shelf()
    with running(shelf, patience=0.05) as gatherer:
        gatherer.offer(1, shelf.tell)
        assert shelf.begun.acquire(timeout=5)
        gatherer.offer(2, shelf.tell)
        assert all(shelf.told.acquire(timeout=5) for _ in range(2))
        gatherer.offer(3, shelf.tell)
        assert shelf.refused == [1, 2, 3]
        shelf.through.release(2)
        until = threading.Event()
        while not shelf.batches:
            until.wait(0.01)
        until.wait(0.05)
        gatherer.offer(4, shelf.tell)
        assert all(shelf.told.acquire(timeout=5) for _ in range(2))
        assert not shelf.told.acquire(timeout=0.01)
    assert shelf.batches == [[1], [4]]
    assert shelf.refused == [1, 2, 3]


def test_who_fails_to_go_on_keeps_no_other_from_it() -> None:
    """An answer that cannot be given is that reader's alone."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        gatherer.offer(1, lambda: 1 / 0)
        gatherer.offer(2, shelf.tell)
        shelf.through.release(2)
        assert shelf.told.acquire(timeout=5)


def test_stopping_commits_what_waits_and_takes_no_more() -> None:
    """Nothing that was taken is lost."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        gatherer.offer(1, shelf.tell)
        assert shelf.begun.acquire(timeout=5)
        gatherer.offer(2, shelf.tell)
    assert shelf.batches == [[1], [2]]
    gatherer.offer(3, shelf.tell)
    assert shelf.refused == [3]
