"""Looking into the mailbox of returns: one process at a time, from where it stood (network and database).

1. What an earlier look read and could not mark any more is marked now.
2. New mails are read, a few at a time; acting on them and moving the place on are one transaction.
3. Then they are marked, moved or deleted, as is set. Between the two a crash costs nothing: nothing counts twice.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.inbound.intake import LARGEST, Mail, take
from nurture.inbound.tables import inbox_places, inbox_seen
from nurture.inbound.transports import Box, BoxError, transports
from nurture.kernel.context import Context
from nurture.kernel.database import Instant, insert_rows, upsert
from nurture.kernel.identity import public_id
from nurture.kernel.inboxes import Inbox
from nurture.kernel.leases import hold, release

LEASE = "inbox"
_SPAN = timedelta(minutes=5)
_FIRST_LOOK = timedelta(days=14)  # older mail was not about us, or is too old to matter
_TOGETHER = 20  # mails of one transaction
_MOST = 400  # mails of one look
_TRIES = 5  # at a mail that breaks the connection, after which it is put aside
_CHUNK = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look came to. `error` is empty when all went well."""

    mails: int = 0
    new: int = 0  # things told for the first time
    error: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a mailbox has been read."""

    validity: int = 0
    last: int = 0
    stuck: str = ""
    tries: int = 0


class Fetcher:
    """Looks into the mailbox while it holds the lease."""

    def __init__(self, ctx: Context, trust: ssl.SSLContext | None = None) -> None:
        self._ctx = ctx
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{public_id()}"
        self._trust = trust

    def work(self) -> int:
        """One look, for a loop; gives how many mails were read."""
        found = self.look()
        return 0 if found is None or found.error else found.mails

    def look(self) -> Fetched | None:
        """Read what is new. None when there is no mailbox, or another process looks into it."""
        inbox = self._ctx.settings.inbox_url
        if inbox is None or hold(self._ctx.database, LEASE, self._holder, _SPAN) is None:
            return None
        try:
            found = self._look(inbox)
        finally:
            release(self._ctx.database, LEASE, self._holder)
        if found.error:
            _log.warning("inbox_failed", inbox=inbox.host, error=found.error)
        return found

    def _look(self, inbox: Inbox) -> Fetched:
        look = _Look(self._ctx, inbox, self._holder)
        try:
            with _open(inbox, self._trust or ssl.create_default_context()) as box:
                look.run(box)
        except BoxError as error:
            look.failed(str(error))
            return Fetched(look.mails, look.new, str(error))
        look.went_well()
        return Fetched(look.mails, look.new)


@contextmanager
def _open(inbox: Inbox, trust: ssl.SSLContext) -> Iterator[Box]:
    box = transports()[inbox.protocol].connect(inbox, trust)
    try:
        yield box
    finally:
        box.close()


class _Look:
    """One connection's worth."""

    def __init__(self, ctx: Context, inbox: Inbox, holder: str) -> None:
        self._ctx, self._inbox, self._holder = ctx, inbox, holder
        self._name = inbox.shown()
        self._by_number = inbox.protocol == "imap"
        self._then = ctx.settings.inbox_then
        self._reading = ""  # the mail that is just being read
        self.mails = self.new = 0

    def run(self, box: Box) -> None:
        """Read until nothing is new, or enough for now."""
        with self._ctx.database.write() as conn:
            place, seen = _place(conn, self._name, box.validity)
        self._finish(box, seen)
        since = (self._ctx.clock.real() - _FIRST_LOOK).date()
        names = box.new(place.last, since, seen)
        for start in range(0, min(len(names), _MOST), _TOGETHER):
            self._batch(box, names[start : start + _TOGETHER], place)
        if self._by_number and not place.last and len(names) <= _MOST:
            with self._ctx.database.write() as conn:
                _go_on(conn, self._name, box.last())

    def _finish(self, box: Box, seen: frozenset[str]) -> None:
        """Mark what an earlier look could not; forget what need not be remembered."""
        box.done(sorted(seen), self._then)
        _forget(self._ctx, self._name, seen - box.there(seen))

    def _batch(self, box: Box, names: Sequence[str], place: Place) -> None:
        mails: list[Mail] = []
        try:
            for name in names:
                mails += self._read(box, name, place)
        finally:  # what was read before the connection broke off counts
            if mails:
                self.new += take(self._ctx, mails, self._keep).new
            self.mails += len(mails)
        self._reading = ""
        done = [mail.name for mail in mails]
        box.done(done, self._then)
        if self._by_number:
            _forget(self._ctx, self._name, frozenset(done))
        hold(self._ctx.database, LEASE, self._holder, _SPAN)

    def _read(self, box: Box, name: str, place: Place) -> list[Mail]:
        if place.stuck == name and place.tries >= _TRIES:
            return [Mail(name, None, "the mailbox breaks off at this mail", f"{self._name}/{box.validity}/{name}")]
        self._reading = name
        raw = box.read(name, LARGEST)
        return [] if raw is None else [Mail(name, raw)]

    def _keep(self, conn: Connection, mails: Sequence[Mail]) -> None:
        """In the transaction that acts on them: they are read."""
        real = self._ctx.clock.real()
        if not self._by_number or self._then != "keep":
            rows = [(self._name, mail.name, real) for mail in mails]
            insert_rows(conn, inbox_seen, ("inbox", "name", "at"), rows, once=True)
        if self._by_number:
            _go_on(conn, self._name, max((int(mail.name) for mail in mails), default=0))

    def failed(self, error: str) -> None:
        """Note that the look broke off, and where."""
        p, real = inbox_places.c, self._ctx.clock.real()
        again = sa.case((p.stuck == self._reading, p.tries + 1), else_=1) if self._reading else 0
        with self._ctx.database.write() as conn:
            _begin(conn, self._name)
            conn.execute(
                inbox_places.update()
                .where(p.inbox == self._name)
                .values(
                    error=error,
                    failed_at=sa.func.coalesce(p.failed_at, sa.literal(real, Instant)),
                    stuck=self._reading,
                    tries=again,
                )
            )

    def went_well(self) -> None:
        """Note it."""
        values: dict[str, Any] = {"looked_at": self._ctx.clock.real(), "failed_at": None, "error": ""}
        with self._ctx.database.write() as conn:
            change = inbox_places.update().where(inbox_places.c.inbox == self._name)
            conn.execute(change.values(**values, stuck="", tries=0))


def _begin(conn: Connection, name: str) -> None:
    conn.execute(upsert(conn.dialect.name, inbox_places).values(inbox=name).on_conflict_do_nothing())


def _place(conn: Connection, name: str, validity: int) -> tuple[Place, frozenset[str]]:
    """Where it stands, and what was read and is remembered. Other UIDs (RFC 3501, 2.3.1.1) begin anew."""
    _begin(conn, name)
    row = conn.execute(sa.select(inbox_places).where(inbox_places.c.inbox == name)).one()
    if row.validity != validity:
        conn.execute(inbox_seen.delete().where(inbox_seen.c.inbox == name))
        conn.execute(
            inbox_places.update().where(inbox_places.c.inbox == name).values(validity=validity, last_uid=0, stuck="")
        )
        return Place(validity), frozenset()
    seen = conn.execute(sa.select(inbox_seen.c.name).where(inbox_seen.c.inbox == name)).scalars()
    return Place(row.validity, row.last_uid, row.stuck, row.tries), frozenset(seen)


def _go_on(conn: Connection, name: str, last: int) -> None:
    p = inbox_places.c
    conn.execute(inbox_places.update().where(p.inbox == name, p.last_uid < last).values(last_uid=last))


def _forget(ctx: Context, name: str, names: frozenset[str]) -> None:
    listed = sorted(names)
    for start in range(0, len(listed), _CHUNK):
        with ctx.database.write() as conn:
            these = inbox_seen.c.name.in_(listed[start : start + _CHUNK])
            conn.execute(inbox_seen.delete().where(inbox_seen.c.inbox == name, these))


def trouble(conn: Connection, inbox: Inbox) -> tuple[datetime, str] | None:
    """Since when the mailbox cannot be read, and why; None when it can."""
    p = inbox_places.c
    row = conn.execute(sa.select(p.failed_at, p.error).where(p.inbox == inbox.shown())).one_or_none()
    return (row.failed_at, row.error) if row is not None and row.failed_at is not None else None
