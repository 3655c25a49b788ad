"""When Python looks for cycles of dead objects: not while many values without cycles are being made.

A chunk of a thousand rows makes tens of thousands of values, all freed by their counts alone; looking through them
takes a quarter of its time. Counted, since several threads may ask for the rest at once. So it is with modules, which
stay for good: searched again and again while they are loaded they take a fifth longer, and once they are there each
search of the whole process would go through them, while requests wait.
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


@contextmanager
def loading() -> Iterator[None]:
    """No search within the block, nor ever through what there is at its end. For blocks that import and build."""
    with unsearched():
        yield
        gc.freeze()
