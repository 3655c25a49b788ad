"""Images and attachments of emails in the database."""

import base64
import io
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import sqlalchemy as sa

from nurture.delivery import store as delivery
from nurture.delivery.conversation import Timeouts
from nurture.delivery.frames import FrameWriter
from nurture.delivery.letter import Mail
from nurture.delivery.model import Connection
from nurture.delivery.sending import Sender, Setup
from nurture.kernel.database import Database
from nurture.messages import service, store
from nurture.messages.compile import compile_library
from nurture.messages.model import Attachment, Compiled
from nurture.messages.source import Library, Shared, Source
from nurture.messages.tables import template_files
from tests.conftest import START
from tests.unit.delivery.test_letter import HEAD, LETTER

LOGO = Attachment("logo.png", "image/png", b"\x89PNG\r\n\x1a\n\x00\xff")
PRICES = Attachment("Bảng giá.pdf", "application/pdf", b"%PDF-1.7\x00\xff" * 100)


def published(*attachments: Attachment, assets: tuple[Attachment, ...] = (LOGO,)) -> list[tuple[Source, Compiled]]:
    """One email that shows the logo, with these attachments."""
    body = "".join(f'<img src="_assets/{one.name}" alt="">' for one in assets)
    source = Source("hello", "vi", "Chào", "", f"<p>{body}</p>", "html", attachments=attachments)
    shared = Shared({"default.html": "<html><body>[[body]]</body></html>"}, {}, {one.name: one for one in assets})
    return compile_library(Library((source,), shared))


def test_files_are_kept_once_by_their_content_and_for_ever(database: Database) -> None:
    """Under whatever name; what was sent still shows them when the email has changed."""
    with database.write() as conn:
        service.publish_templates(conn, published(PRICES, replace(PRICES, name="b.pdf")), now=START)
        service.publish_templates(conn, published(assets=()), now=START)
        service.publish_templates(conn, published(PRICES), now=START)

    with database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(template_files)).scalar_one() == 2
        logo = store.file(conn, LOGO.ref.hash)
        assert logo == replace(LOGO, name="")
        assert store.file(conn, "0" * 32) is None


def test_another_file_is_another_revision(database: Database) -> None:
    """Under the same name."""
    with database.write() as conn:
        first = service.publish_templates(conn, published(PRICES), now=START)
        other = service.publish_templates(conn, published(replace(PRICES, data=b"%PDF-2")), now=START)

    assert other.changed == (("hello", "vi"),)
    assert first.revisions != other.revisions


def test_a_sender_gets_the_files_with_the_template(database: Database, tmp_path: Path) -> None:
    """And each of its letters carries them."""
    with database.write() as conn:
        revision = service.publish_templates(conn, published(PRICES), now=START).revisions["hello", "vi"]
    with database.read() as conn:
        frame = delivery.compiled(conn, revision)
    assert frame["files"] == [["Bảng giá.pdf", "application/pdf", base64.b64encode(PRICES.data).decode()]]
    setup = Setup(Connection("relay", "127.0.0.1", 25), 1, tmp_path / "journal", "boot", HEAD, Timeouts())
    sender = Sender(setup, FrameWriter(io.BytesIO()))

    sender.add_template(revision, frame)
    mail = sender.write(replace(LETTER, template=revision))

    assert isinstance(mail, Mail)
    (part,) = message_from_bytes(mail.data, policy=default).iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("Bảng giá.pdf", "application/pdf")
    assert part.get_payload(decode=True) == PRICES.data
