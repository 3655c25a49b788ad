"""What every service of a running process shares. Built once by `bootstrap`."""

import threading
from dataclasses import dataclass, field

from nurture.kernel.clock import Clock
from nurture.kernel.database import Database
from nurture.kernel.settings import Settings
from nurture.kernel.signing import KeyRing


@dataclass(frozen=True, slots=True)
class Wake:
    """Bells between the loops of one process; a missed bell only costs the loop's own period."""

    hits: threading.Event = field(default_factory=threading.Event)  # raw hits wait for a verdict
    reactions: threading.Event = field(default_factory=threading.Event)  # activities wait for their effects
    messages: threading.Event = field(default_factory=threading.Event)  # messages may be handed over
    calls: threading.Event = field(default_factory=threading.Event)  # webhooks and text messages may be handed over
    crowd: threading.Event = field(default_factory=threading.Event)  # many wait for answers: what can wait should
    stopping: threading.Event = field(default_factory=threading.Event)  # the process is about to end


_REST = 3.0  # times as long as the work took
_LONGEST_REST = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database, clock and keys of one process."""

    settings: Settings
    database: Database
    clock: Clock
    keys: KeyRing
    wake: Wake = field(default_factory=Wake)

    def give_way(self, since: float) -> None:
        """Rest after work that began then, by `clock.monotonic`, while a crowd is being answered.

        It would take the interpreter and, on SQLite, the one writer from those who wait; a quarter of both is left to
        it, so that it gets on however long the crowd stays.
        """
        if self.wake.crowd.is_set():
            self.wake.crowd.clear()
            threading.Event().wait(min(_REST * (self.clock.monotonic() - since), _LONGEST_REST))
