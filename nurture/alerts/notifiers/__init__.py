"""How people hear of an alert, one file each. Notifiers use the database, in the caller's transaction.

Each file gives `notify(conn, raised)`: what is done when an alert has been raised.
"""

from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from sqlalchemy.engine import Connection

from nurture.alerts.raised import Raised
from nurture.kernel.plugins import modules


class Notifier(Protocol):
    """What a file of this folder gives."""

    def notify(self, conn: Connection, raised: Raised, /) -> None: ...


@cache
def notifiers() -> Mapping[str, Notifier]:
    """Every notifier by its name."""
    return cast("Mapping[str, Notifier]", modules(__name__))
