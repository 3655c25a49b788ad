"""Looking into a mailbox: from where it stood, each mail once, whatever breaks off."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from nurture.activities.tables import activities
from nurture.inbound import fetch as fetching
from nurture.inbound.fetch import LEASE, Fetched, Fetcher, trouble
from nurture.inbound.tables import inbox_places, inbox_seen, returns
from nurture.kernel.context import Context
from nurture.kernel.inboxes import inbox_url
from nurture.kernel.leases import hold
from tests.storage.inbound.ground import rows, sent
from tests.storage.inbound.mailboxes import Mailbox, serving


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What depends on the mailbox is tried on one database, the rest on both in other files."""
    return sqlite_url


PROTOCOLS = pytest.mark.parametrize("protocol", ["imap", "pop3"])


def reply(number: int, text: str = "Giá bao nhiêu?") -> bytes:
    """A lead's letter."""
    return (
        f"From: Minh <lead{number}@example.com>\r\nTo: bounces@anphat.example\r\nSubject: Re: Chào\r\n"
        f"Message-ID: <{number}@phone.example>\r\nDate: Mon, 2 Nov 2026 08:59:00 +0700\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        f".. {'x' * 3000}\r\n"
    ).encode()


@contextmanager
def looking(context: Context, protocol: str, box: Mailbox, then: str = "seen", folder: str = "") -> Iterator[Context]:
    """The context with this mailbox."""
    with serving(protocol, box) as port:
        inbox = inbox_url(f"{protocol}://me:geheim@127.0.0.1:{port}/{folder}".rstrip("/"))
        inbox = replace(inbox, port=port) if inbox else None
        yield replace(context, settings=replace(context.settings, inbox_url=inbox, inbox_then=then))


def look(context: Context) -> Fetched:
    """One look of a process of its own."""
    found = Fetcher(context).look()
    assert found is not None
    return found


@PROTOCOLS
def test_each_mail_is_read_once_in_its_order(context: Context, protocol: str) -> None:
    """Also those that arrive later; nothing is deleted."""
    sent(context, 4)
    box = Mailbox()
    box.arrive(reply(1), reply(2))
    with looking(context, protocol, box) as ctx:
        assert look(ctx) == Fetched(2, 2)
        assert look(ctx) == Fetched()
        box.arrive(reply(3))
        assert look(ctx) == Fetched(1, 1)
    assert [row.lead_id for row in rows(context, activities)] == [1, 2, 3]
    assert list(box.mails) == [1, 2, 3]
    assert box.read == ([1, 2, 3] if protocol == "imap" else [])
    assert len(rows(context, inbox_seen)) == (0 if protocol == "imap" else 3)


@pytest.mark.postgres
def test_where_it_stands_is_kept_in_postgresql_too(several: Context) -> None:
    """A broken look, a good one, and one that finds nothing."""
    sent(several, 2)
    box = Mailbox(breaks={2})
    box.arrive(reply(1), reply(2))
    with looking(several, "imap", box) as ctx:
        assert look(ctx).error
        box.breaks.clear()
        assert look(ctx) == Fetched(1, 1)
        assert look(ctx) == Fetched()
    assert [(row.last_uid, row.error) for row in rows(several, inbox_places)] == [(2, "")]


@pytest.mark.parametrize(
    ("protocol", "then", "at"),
    [
        ("imap", "seen", "STORE"),
        ("imap", "delete", "STORE"),
        ("imap", "move:Xử lý", "MOVE"),
        ("pop3", "delete", "DELE"),
    ],
)
def test_a_crash_before_the_mark_counts_nothing_twice(context: Context, protocol: str, then: str, at: str) -> None:
    """The next look marks what the last one could not."""
    sent(context, 2)
    box = Mailbox(ends_at={at})
    box.arrive(reply(1), reply(2))
    with looking(context, protocol, box, then) as ctx:
        broken = look(ctx)
        assert (broken.mails, broken.new) == (2, 2)
        assert broken.error
        assert list(box.mails) == [1, 2]
        box.ends_at.clear()
        assert look(ctx) == Fetched()
    assert len(rows(context, returns)) == 2
    assert box.read == [1, 2] or not box.mails
    if protocol == "imap":
        assert rows(context, inbox_seen) == []


@PROTOCOLS
def test_a_mail_that_breaks_the_connection_is_put_aside(context: Context, protocol: str) -> None:
    """After some tries; what was read before it counts at once, and what comes after it in the end."""
    sent(context, 3)
    box = Mailbox(breaks={2})
    box.arrive(reply(1), reply(2), reply(3))
    with looking(context, protocol, box) as ctx:
        found = look(ctx)
        assert (found.mails, found.new, bool(found.error)) == (1, 1, True)
        for _ in range(4):
            assert look(ctx).error
        assert look(ctx) == Fetched(2, 2)
        assert look(ctx) == Fetched()
    assert [row.lead_id for row in rows(context, activities)] == [1, 3]
    (aside,) = [row for row in rows(context, returns) if row.outcome == "failed"]
    assert (aside.state, aside.diagnostic) == ("waiting", "the mailbox breaks off at this mail")


def test_a_mailbox_that_was_made_anew_is_read_anew(context: Context) -> None:
    """Its numbers mean nothing any more; what was told before is passed over."""
    sent(context, 2)
    box = Mailbox()
    box.arrive(reply(1))
    with looking(context, "imap", box) as ctx:
        assert look(ctx) == Fetched(1, 1)
        box.validity = 8
        box.mails = {1: reply(2), 2: reply(1)}
        assert look(ctx) == Fetched(2, 1)
    assert [row.validity for row in rows(context, inbox_places)] == [8]


def test_read_mail_is_moved_into_a_folder_that_is_made(context: Context) -> None:
    """With MOVE where there is one, else by copying; nobody else's deleted mail is expunged."""
    sent(context)
    for offers in ("IMAP4rev1 MOVE", "IMAP4rev1 UIDPLUS", "IMAP4rev1"):
        box = Mailbox(offers=offers, moved={} if "MOVE" in offers else {"x": []})
        box.arrive(reply(1))
        with looking(context, "imap", box, "move:Đã xử lý", "Th%C6%B0") as ctx:
            look(ctx)
        assert box.moved['"&ARAA4w- x&Hu0- l&AP0-"'] == [1]
        assert bool(box.mails) is (offers == "IMAP4rev1")
        assert "EXPUNGE" not in " ".join(box.heard) or "UIDPLUS" in offers
        with context.database.write() as conn:
            conn.execute(inbox_places.delete())
            conn.execute(inbox_seen.delete())


def test_where_the_mailbox_is_not_to_be_touched_it_is_not(context: Context) -> None:
    """Read, and left as it was."""
    sent(context)
    box = Mailbox()
    box.arrive(reply(1))
    with looking(context, "imap", box, "keep") as ctx:
        assert look(ctx) == Fetched(1, 1)
        assert look(ctx) == Fetched()
    assert not box.flags
    assert rows(context, inbox_seen) == []


def test_what_cannot_be_read_is_said(context: Context) -> None:
    """Since when and why, without the password, until it can be read again."""
    box = Mailbox()
    with looking(context, "imap", box) as ctx:
        inbox = ctx.settings.inbox_url
        assert inbox is not None
        wrong = replace(ctx, settings=replace(ctx.settings, inbox_url=replace(inbox, password="other")))
        assert "wrong password" in look(wrong).error
        with context.database.read() as conn:
            since, why = trouble(conn, inbox) or (None, "")
        assert since == context.clock.real()
        assert "other" not in why
        assert look(ctx) == Fetched()
        with context.database.read() as conn:
            assert trouble(conn, inbox) is None


def test_one_process_looks_at_a_time(context: Context) -> None:
    """By a lease that ends with its holder."""
    box = Mailbox()
    with looking(context, "imap", box) as ctx:
        assert hold(context.database, LEASE, "another", fetching._SPAN) is not None
        assert Fetcher(ctx).look() is None
        assert box.heard == []
    assert Fetcher(context).look() is None


def test_a_server_whose_certificate_is_nobodys_is_not_believed(context: Context, tmp_path: Path) -> None:
    """The password is not said."""
    box = Mailbox()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(_certificate(tmp_path))
    with serving("imap", box, trust) as port:
        inbox = replace(inbox_url("imaps://me:geheim@127.0.0.1") or pytest.fail(), port=port)
        ctx = replace(context, settings=replace(context.settings, inbox_url=inbox))
        assert "CERTIFICATE_VERIFY_FAILED" in look(ctx).error
        assert box.heard == []
        ours = ssl.create_default_context(cafile=str(tmp_path / "one.pem"))
        found = Fetcher(ctx, ours).look()
    assert found == Fetched()
    assert box.heard


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "one.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM) + plain)
    return path
