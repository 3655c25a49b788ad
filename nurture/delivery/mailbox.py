"""The built-in mailbox: an SMTP server of our own that keeps the newest mails (serves a port, writes the database).

A mail is answered with 250 only after its commit; mails that arrive together share one. It speaks PIPELINING, so that
what goes here goes as it would go to a relay.
"""

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Row

from nurture.delivery.mailbox_sight import sight
from nurture.delivery.tables import mailbox_mails
from nurture.kernel.context import Context
from nurture.kernel.errors import OutsideError
from nurture.kernel.later import later
from nurture.kernel.text import clean
from nurture.users.model import Person

if TYPE_CHECKING:
    from aiosmtpd import smtp
else:
    smtp = later("aiosmtpd.smtp")  # at the first mail

KEPT = 5_000
LARGEST = 30 * 1024 * 1024
MOST_RECIPIENTS = 100  # of one mail, which is kept once for each (RFC 5321, 4.5.3.1.8)
_SWEEP_EVERY = 200  # mails
_TOGETHER = 64  # mails in one commit
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Arrival:
    values: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    kept: "asyncio.Future[bool]" = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.loop.create_future()

    def answer(self, *, kept: bool) -> None:
        """Tell the conversation, from the writing thread."""
        self.loop.call_soon_threadsafe(self._answer, kept)

    def _answer(self, kept: bool) -> None:  # noqa: FBT001 - a callback's value
        if not self.kept.done():
            self.kept.set_result(kept)


class _Handler:
    """What aiosmtpd calls."""

    def __init__(self, arrivals: "queue.SimpleQueue[_Arrival | None]") -> None:
        self._arrivals = arrivals

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer PIPELINING too."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """One more recipient, up to the bound."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail for each recipient; 250 when it is committed."""
        arrivals = [_Arrival(_values(envelope, one), asyncio.get_running_loop()) for one in envelope.rcpt_tos]
        for arrival in arrivals:
            self._arrivals.put(arrival)
        if all([await arrival.kept for arrival in arrivals]):
            return "250 2.0.0 kept"
        return "451 4.3.0 the mailbox cannot keep it now"


class Mailbox:
    """The server and its writing thread."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._arrivals: queue.SimpleQueue[_Arrival | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="mailbox-writer", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._since_sweep = _SWEEP_EVERY
        self._server: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. OutsideError when the port is taken."""
        port = self._ctx.settings.mailbox_port
        # asyncio sends answers without delay only where the protocol is named
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", port))
            listening.listen(64)
        except OSError as error:
            listening.close()
            self._loop.close()
            raise OutsideError(f"The mailbox cannot use port {port}: {error}; set NURTURE_MAILBOX_PORT") from error
        self._server = threading.Thread(target=self._serve, args=(listening,), name="mailbox", daemon=True)
        self._writer.start()
        self._server.start()

    def stop(self) -> None:
        """Stop listening; what was answered is kept."""
        if self._server is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._server.join(10)
        self._server = None
        self._arrivals.put(None)
        self._writer.join(10)
        self._loop.close()

    def _serve(self, listening: socket.socket) -> None:
        loop, handler = self._loop, _Handler(self._arrivals)
        asyncio.set_event_loop(loop)

        def session() -> Any:
            return smtp.SMTP(
                handler,
                loop=loop,
                data_size_limit=LARGEST,
                hostname="localhost",
                ident="nurture",
                decode_data=False,
                enable_SMTPUTF8=True,
            )

        server = loop.run_until_complete(loop.create_server(session, sock=listening))
        loop.run_forever()
        server.close()
        open_sessions = asyncio.all_tasks(loop)
        for task in open_sessions:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*open_sessions, return_exceptions=True))
        loop.run_until_complete(server.wait_closed())

    def _write(self) -> None:
        while (first := self._arrivals.get()) is not None:
            batch, ended = [first], False
            while len(batch) < _TOGETHER and not self._arrivals.empty():
                more = self._arrivals.get()
                if more is None:
                    ended = True
                    break
                batch.append(more)
            self._keep(batch)
            if ended:
                return

    def _keep(self, batch: Sequence[_Arrival]) -> None:
        try:
            with self._ctx.database.write() as conn:
                at = self._ctx.clock.engine()
                conn.execute(mailbox_mails.insert(), [{**one.values, "received_at": at} for one in batch])
                self._since_sweep += len(batch)
                if self._since_sweep >= _SWEEP_EVERY:
                    self._since_sweep = 0
                    sweep(conn)
        except Exception as error:  # noqa: BLE001 - the relay's client tries again
            _log.error("mailbox_failed", error=f"{type(error).__name__}: {error}")
            for one in batch:
                one.answer(kept=False)
            return
        for one in batch:
            one.answer(kept=True)


def _values(envelope: Any, recipient: str) -> dict[str, Any]:
    raw = bytes(envelope.content)
    subject, header_id = _headers(raw)
    return {
        "mail_from": clean(_printable(envelope.mail_from or "")),
        "rcpt_to": clean(_printable(recipient)).lower(),
        "header_id": header_id,
        "subject": subject,
        "raw": raw,
    }


def _headers(raw: bytes) -> tuple[str, str]:
    """Subject as text and Message-ID without brackets; for showing only, whatever the mail looks like."""
    head = BytesHeaderParser().parsebytes(raw)
    subject = str(head.get("Subject", ""))
    with contextlib.suppress(HeaderParseError, ValueError, LookupError):
        subject = str(make_header(decode_header(subject)))
    return clean(_printable(subject)), clean(_printable(str(head.get("Message-ID", "")))).strip("<>")


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def sweep(conn: Connection, keep: int = KEPT) -> None:
    """Leave only the newest mails."""
    oldest = sa.select(mailbox_mails.c.id).order_by(mailbox_mails.c.id.desc()).offset(keep).limit(1).scalar_subquery()
    conn.execute(mailbox_mails.delete().where(mailbox_mails.c.id <= oldest))


_SHOWN = [column for column in mailbox_mails.c if column.key != "raw"]


def mails(
    conn: Connection, *, recipient: str = "", before: int | None = None, limit: int = 50, seen_by: Person | None = None
) -> tuple[Sequence[Row[Any]], int | None]:
    """Mails without their bytes, the newest first, and the id to go on before; `recipient` is part of an address."""
    query = sa.select(*_SHOWN).order_by(mailbox_mails.c.id.desc()).limit(limit + 1)
    if seen_by is not None:
        query = query.where(sight(seen_by))
    if recipient.strip():
        query = query.where(mailbox_mails.c.rcpt_to.contains(recipient.strip().lower(), autoescape=True))
    if before is not None:
        query = query.where(mailbox_mails.c.id < before)
    rows = conn.execute(query).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def mail(conn: Connection, mail_id: int, seen_by: Person | None = None) -> Row[Any] | None:
    """One mail with its bytes, or None; also None for somebody who does not see it."""
    query = sa.select(mailbox_mails).where(mailbox_mails.c.id == mail_id)
    return conn.execute(query.where(sight(seen_by)) if seen_by is not None else query).first()


def newest(conn: Connection, seen_by: Person | None = None) -> int:
    """The id of the newest mail; 0 when there is none."""
    query = sa.select(sa.func.max(mailbox_mails.c.id))
    return int(conn.execute(query.where(sight(seen_by)) if seen_by is not None else query).scalar_one() or 0)


def number_of(conn: Connection, header_id: str) -> int | None:
    """The id of the newest mail with this Message-ID (without brackets), or None."""
    query = sa.select(sa.func.max(mailbox_mails.c.id)).where(mailbox_mails.c.header_id == header_id)
    return conn.execute(query).scalar_one_or_none()
