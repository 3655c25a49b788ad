"""Whose turn it is to write: in order of asking, the urgent before the others. One holder at a time."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """A lock that is handed over in order, so that no loop that writes again and again keeps the others out."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._urgent: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether somebody urgent waits for whoever holds it."""
        return bool(self._urgent)

    @contextmanager
    def mine(self, *, urgent: bool = False) -> Iterator[None]:
        """Wait for the turn and have it for the block. Does not nest: RuntimeError instead of waiting for oneself."""
        if self._holder == threading.get_ident():
            raise RuntimeError("a write transaction within a write transaction")
        self._wait(urgent=urgent)
        self._holder = threading.get_ident()
        try:
            yield
        finally:
            self._holder = None
            self._pass_on()

    def _wait(self, *, urgent: bool) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            gate = threading.Lock()
            gate.acquire()
            (self._urgent if urgent else self._others).append(gate)
        gate.acquire()

    def _pass_on(self) -> None:
        with self._guard:
            waiting = self._urgent or self._others
            if waiting:
                waiting.popleft().release()
            else:
                self._held = False
