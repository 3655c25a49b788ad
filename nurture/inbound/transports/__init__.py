"""Mailboxes that returns are fetched from, one file for each protocol.

Each gives `connect(inbox)`: a `Box`, connected, signed in, its folder opened.
"""

import ssl
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Protocol, cast

from nurture.kernel.inboxes import Inbox
from nurture.kernel.plugins import modules

TIMEOUT = 30.0  # seconds of silence


class BoxError(Exception):
    """The mailbox does not do what it was asked; the connection is over."""


class Box(Protocol):
    """An open mailbox. Names of mails stay the same from one connection to the next, as long as `validity` does."""

    validity: int

    def new(self, after: int, since: date, seen: frozenset[str]) -> Sequence[str]:
        """Names of mails to read, in their order: those after a number, of a first look (0) those since a day, without
        those that were seen."""
        ...

    def read(self, name: str, most: int) -> bytes | None:
        """The mail, at most so many bytes; None when it is not there any more."""
        ...

    def done(self, names: Sequence[str], then: str) -> None:
        """What is set to become of mails that were read."""
        ...

    def there(self, names: frozenset[str]) -> frozenset[str]:
        """Which of these still have to be remembered."""
        ...

    def last(self) -> int:
        """The number up to which a first look has seen everything; 0 where mails have none."""
        ...

    def close(self) -> None:
        """Sign out."""
        ...


class Transport(Protocol):
    """What a file of this folder gives."""

    def connect(self, inbox: Inbox, context: ssl.SSLContext, /) -> Box: ...


@cache
def transports() -> Mapping[str, Transport]:
    """Every protocol by its name."""
    return cast("Mapping[str, Transport]", modules(__name__))
