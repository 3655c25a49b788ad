"""Natural group commit: what gathers while one commit runs is the next one, and everybody learns how theirs ended."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nurture.tracking.writer import Gatherer


class Shelf:
    """Takes batches; each waits until it is let through, and may be made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.through = threading.Semaphore(0)
        self.broken = False

    def commit(self, items: list[int]) -> None:
        """Keep a batch."""
        self.begun.release()
        assert self.through.acquire(timeout=5)
        if self.broken:
            raise OSError("no room")
        self.batches.append(items)


@contextmanager
def running(shelf: Shelf, longest: int = 10) -> Iterator[Gatherer[int]]:
    """A gatherer over the shelf."""
    gatherer = Gatherer("test", shelf.commit, longest=longest)
    gatherer.start()
    yield gatherer
    shelf.through.release(100)
    gatherer.stop()


def test_what_comes_during_a_commit_goes_together_into_the_next() -> None:
    """One commit serves all who wait."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        first = gatherer.offer(1)
        assert shelf.begun.acquire(timeout=5)
        later = [gatherer.offer(number) for number in (2, 3, 4)]
        assert first is not None
        assert first.wait(0.01) is None
        shelf.through.release(2)
        assert first.wait(5)
        assert all(batch is not None and batch.wait(5) for batch in later)
    assert shelf.batches == [[1], [2, 3, 4]]


def test_a_failed_commit_is_no_promise() -> None:
    """Those who wait hear of it, and the next commit is another matter."""
    shelf = Shelf()
    shelf.broken = True
    with running(shelf) as gatherer:
        shelf.through.release(1)
        lost = gatherer.offer(1)
        assert lost is not None
        assert lost.wait(5) is False
        shelf.broken = False
        shelf.through.release(1)
        kept = gatherer.offer(2)
        assert kept is not None
        assert kept.wait(5)
    assert shelf.batches == [[2]]


def test_a_full_queue_takes_no_more() -> None:
    """It is bounded, so that a dead database does not fill the memory."""
    shelf = Shelf()
    with running(shelf, longest=2) as gatherer:
        gatherer.offer(1)
        assert shelf.begun.acquire(timeout=5)
        assert [gatherer.offer(number) is not None for number in (2, 3, 4)] == [True, True, False]


def test_nobody_queues_up_behind_a_commit_that_is_late() -> None:
    """Until it is over."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        batch = gatherer.offer(1)
        assert shelf.begun.acquire(timeout=5)
        assert not gatherer.stalled
        gatherer.say_late()
        assert gatherer.stalled
        shelf.through.release(1)
        assert batch is not None
        assert batch.wait(5)
        assert not gatherer.stalled


def test_stopping_commits_what_waits_and_takes_no_more() -> None:
    """Nothing that was taken is lost."""
    shelf = Shelf()
    with running(shelf) as gatherer:
        gatherer.offer(1)
        assert shelf.begun.acquire(timeout=5)
        gatherer.offer(2)
    assert shelf.batches == [[1], [2]]
    assert gatherer.offer(3) is None
