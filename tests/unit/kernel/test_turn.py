"""Whose turn it is to write: in order, the urgent first, never within one's own turn."""

import threading

import pytest

from nurture.kernel.turn import Turn


def _in_line(turn: Turn, took: list[str], name: str, *, urgent: bool) -> threading.Thread:
    """A thread that waits for its turn and says when it had it."""

    def take() -> None:
        with turn.mine(urgent=urgent):
            took.append(name)

    waits = len(turn._urgent) + len(turn._others)
    thread = threading.Thread(target=take)
    thread.start()
    while len(turn._urgent) + len(turn._others) == waits:
        pass
    return thread


def test_the_urgent_go_before_the_others_and_each_in_order() -> None:
    """Whoever asked first is served first among equals."""
    turn, took = Turn(), []
    with turn.mine():
        threads = [
            _in_line(turn, took, name, urgent=name.startswith("hit")) for name in ("tick", "react", "hit 1", "hit 2")
        ]
    for thread in threads:
        thread.join(5)
    assert took == ["hit 1", "hit 2", "tick", "react"]


def test_nobody_waits_for_himself() -> None:
    """A turn within a turn is a bug, and said at once."""
    turn = Turn()
    with turn.mine(), pytest.raises(RuntimeError), turn.mine():
        pass
    with turn.mine():
        pass


def test_an_error_passes_the_turn_on() -> None:
    """Nothing stays locked behind a failure."""
    turn = Turn()
    with pytest.raises(ZeroDivisionError), turn.mine():
        raise ZeroDivisionError
    with turn.mine():
        pass
