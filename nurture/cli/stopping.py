"""Long commands end in order: the first Ctrl+C asks, the second insists."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def until_interrupted() -> Iterator[threading.Event]:
    """The first Ctrl+C or SIGTERM asks to stop after the chunk under way; the second ends at once."""
    asked = threading.Event()
    before: dict[signal.Signals, Any] = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for one in before:
        signal.signal(one, ask)
    try:
        yield asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
