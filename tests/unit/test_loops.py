"""Loops: called again while there is more, put off when they fail, and what they did is logged and counted."""

import threading

import structlog

from nurture.kernel.counting import FAILURES, TURNS
from nurture.loops import Loop


def _counted(name: str) -> tuple[float, float]:
    return TURNS.values().get((name,), 0.0), FAILURES.values().get((name,), 0.0)


def test_a_loop_says_when_it_begins_and_ends_and_what_it_did() -> None:
    """With figures; nothing of what it worked on."""
    results, done = [3, 2, 0], threading.Event()

    def work() -> int:
        count = results.pop(0) if results else 0
        if not results:
            done.set()
        return count

    with structlog.testing.capture_logs() as lines:
        loop = Loop("counted", work, threading.Event(), 60.0)
        loop.start()
        assert done.wait(5)
        loop.stop()
    assert [(line["event"], line.get("done"), line.get("failed")) for line in lines] == [
        ("loop_begins", None, None),
        ("loop_ends", 5, 0),
    ]
    assert _counted("counted") == (5, 0)


def test_a_loop_outlives_its_failures_and_counts_them() -> None:
    """Each is logged; stopping does not wait for the pause."""
    failed = threading.Event()

    def work() -> int:
        failed.set()
        raise ValueError("no")

    with structlog.testing.capture_logs() as lines:
        loop = Loop("failing", work, threading.Event(), 60.0)
        loop.start()
        assert failed.wait(5)
        loop.stop()
    assert [line["event"] for line in lines] == ["loop_begins", "loop_failed", "loop_ends"]
    assert _counted("failing") == (0, 1)
