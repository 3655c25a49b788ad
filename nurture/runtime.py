"""The moving parts of one process, by role: which loops run, and in which order they start and stop.

`web` answers pages and hits. `clock` ticks while it holds the lease. `worker` judges hits, reacts to activities and hands
messages over. `nurture up` is all three in one.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from nurture.alerts import service as alerts
from nurture.delivery.mailbox import Mailbox
from nurture.delivery.service import Dispatcher
from nurture.engine.react import react
from nurture.engine.tick import examine, tick
from nurture.kernel.context import Context
from nurture.loops import Loop
from nurture.scheduler import Ticker
from nurture.scoring import service as scoring
from nurture.tracking.service import ingest


class Part(Protocol):
    """Something that starts and stops with the process."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End in order."""
        ...
