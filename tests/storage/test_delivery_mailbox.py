"""The built-in mailbox: kept before it is answered, bounded, found again."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.delivery.mailbox import Mailbox, mail, mails, sweep
from nurture.delivery.service import Dispatcher
from nurture.delivery.tables import mailbox_mails
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.errors import OutsideError
from tests.faults import ground

HEAD = b"Subject: =?utf-8?q?Ch=C3=A0o?=\r\nMessage-ID: <a@b>\r\n\r\n"


@pytest.fixture
def boxed(context: Context) -> Iterator[Context]:
    """A context whose mailbox listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    ctx = replace(context, settings=replace(context.settings, mailbox_port=port), clock=SystemClock())
    box = Mailbox(ctx)
    box.start()
    yield ctx
    box.stop()


def test_a_mail_is_there_when_it_was_answered(boxed: Context) -> None:
    """Found by a part of its recipient, its bytes as they came."""
    with smtplib.SMTP("127.0.0.1", boxed.settings.mailbox_port) as line:
        line.sendmail("a@example.com", ["Minh@example.com", "lan@example.com"], HEAD + b".x\r\n")
    with boxed.database.read() as conn:
        rows, more = mails(conn, recipient="minh@")
        one = mail(conn, rows[0].id)
        everything = mails(conn)[0]
    assert (len(rows), more, len(everything)) == (1, None, 2)
    assert (rows[0].subject, rows[0].header_id, rows[0].rcpt_to) == ("Chào", "a@b", "minh@example.com")
    assert one is not None
    assert bytes(one.raw) == HEAD + b".x\r\n"


@pytest.mark.parametrize("head", [b"Subject: =?x?q?=\r\n\r\n", b"Subject: \xff\x00\xfe\r\n\r\n", b"\r\n", b""])
def test_a_mail_that_cannot_be_read_is_kept(boxed: Context, head: bytes) -> None:
    """Whatever its header says."""
    with smtplib.SMTP("127.0.0.1", boxed.settings.mailbox_port) as line:
        line.sendmail("a@example.com", ["b@example.com"], head + b"x\r\n")
    with boxed.database.read() as conn:
        assert len(mails(conn)[0]) == 1


def test_one_mail_has_so_many_recipients_and_no_more(boxed: Context) -> None:
    """It is kept once for each of them."""
    with smtplib.SMTP("127.0.0.1", boxed.settings.mailbox_port) as line:
        refused = line.sendmail("a@example.com", [f"r{number}@example.com" for number in range(103)], HEAD + b"x\r\n")
    with boxed.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(mailbox_mails)).scalar_one() == 100
    assert {code for code, _ in refused.values()} == {452}


def test_a_recipient_in_other_letters_arrives(boxed: Context) -> None:
    """The mailbox offers SMTPUTF8."""
    ground.fill(boxed, 2, odd={1: "huu.ðat.ly@example.net"})
    dispatcher = Dispatcher(boxed)
    dispatcher.start()
    last = boxed.clock.monotonic() + 20
    while ground.states(boxed)["queued"] + ground.states(boxed)["sending"] and boxed.clock.monotonic() < last:
        boxed.wake.hits.wait(0.05)
    dispatcher.stop()
    with boxed.database.read() as conn:
        rows, _ = mails(conn, recipient="ðat")
    assert ground.states(boxed) == {"sent": 2}
    assert [row.rcpt_to for row in rows] == ["huu.ðat.ly@example.net"]


def test_only_the_newest_are_kept(context: Context) -> None:
    """So many, and no more."""
    now = context.clock.engine()
    with context.database.write() as conn:
        rows = [
            {"received_at": now, "mail_from": "", "rcpt_to": f"{n}", "header_id": "", "subject": "", "raw": b""}
            for n in range(20)
        ]
        conn.execute(mailbox_mails.insert(), rows)
        sweep(conn, 5)
        left = list(conn.execute(sa.select(mailbox_mails.c.rcpt_to).order_by(mailbox_mails.c.id)).scalars())
        sweep(conn, 5)
    assert left == ["15", "16", "17", "18", "19"]


def test_pages_go_on_where_the_last_one_ended(context: Context) -> None:
    """The newest first; a percent sign is one."""
    now = context.clock.engine()
    with context.database.write() as conn:
        for n in range(5):
            values = {"received_at": now, "mail_from": "", "rcpt_to": f"{n}@x", "header_id": "", "subject": ""}
            conn.execute(mailbox_mails.insert().values(**values, raw=b""))
        first, more = mails(conn, limit=3)
        second, end = mails(conn, limit=3, before=more)
        assert mails(conn, recipient="%")[0] == []
    assert [row.rcpt_to for row in [*first, *second]] == ["4@x", "3@x", "2@x", "1@x", "0@x"]
    assert end is None


def test_a_taken_port_is_said_clearly(context: Context) -> None:
    """With the setting's name."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ctx = replace(context, settings=replace(context.settings, mailbox_port=port))
        with pytest.raises(OutsideError, match="NURTURE_MAILBOX_PORT"):
            Mailbox(ctx).start()


def test_messages_arrive_in_the_mailbox(boxed: Context, tmp_path: Path) -> None:
    """From the queue through a sender over real SMTP."""
    ground.fill(boxed, 30)
    dispatcher = Dispatcher(boxed)
    dispatcher.start()
    last = boxed.clock.monotonic() + 20
    while ground.states(boxed)["sent"] < 30 and boxed.clock.monotonic() < last:
        boxed.wake.hits.wait(0.05)
    dispatcher.stop()
    with boxed.database.read() as conn:
        rows, _ = mails(conn, limit=100)
    assert sorted(row.rcpt_to for row in rows) == sorted(f"lead{n}@example.com" for n in range(1, 31))
    assert ground.states(boxed) == {"sent": 30}
    assert list((tmp_path / "senders").iterdir()) == []
