"""When Python looks for cycles of dead objects: not while many values without cycles are being made.

A chunk of a thousand rows makes tens of thousands of values, all freed by their counts alone; looking through them
takes a quarter of its time. Counted, since several threads may ask for the rest at once.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_turn = Lock()
_resting = 0
_was_on = True


@contextmanager
def unsearched() -> Iterator[None]:
    """No search for cycles within the block. For blocks that end soon."""
    global _resting, _was_on  # noqa: PLW0603 - the collector is one for the process
    with _turn:
        if not _resting:
            _was_on = gc.isenabled()
            gc.disable()
        _resting += 1
    try:
        yield
    finally:
        with _turn:
            _resting -= 1
            if not _resting and _was_on:
                gc.enable()
