"""Images of emails, as mail clients fetch them; mails to staff, as they are looked at."""

import pytest
from flask import Flask

from nurture.kernel.context import Context
from nurture.messages import service
from nurture.messages.compile import compile_library
from nurture.messages.model import Attachment
from nurture.messages.source import Library, Shared, Source
from tests.web.client import Client
from tests.web.filled import Filled

LOGO = Attachment("logo.png", "image/png", b"\x89PNG\r\n\x1a\n\x00\xff")
PAPER = Attachment("gia.pdf", "application/pdf", b"%PDF-1.7")


@pytest.fixture
def shown(ctx: Context, house: Filled) -> str:
    """The path of an image that an email shows."""
    source = Source("with_logo", "vi", "s", "", '<img src="_assets/logo.png" alt="">', "html", attachments=(PAPER,))
    library = Library((source,), Shared({"default.html": "[[body]]"}, {}, {"logo.png": LOGO}))
    with ctx.database.write() as conn:
        service.publish_templates(conn, compile_library(library), now=ctx.clock.engine())
    return f"/a/{LOGO.ref.hash}/logo.png"


def test_an_image_is_served_to_anybody_for_ever(app: Flask, shown: str) -> None:
    """Kept by every proxy, of its own type, without a cookie."""
    for path in (shown, shown.replace("logo.png", "other-name")):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.data, answer.content_type) == (200, LOGO.data, "image/png")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert not answer.headers.getlist("Set-Cookie")
    head = app.test_client().head(shown)
    assert (head.status_code, head.data) == (200, b"")


def test_nothing_else_is_served_there(app: Flask, shown: str) -> None:
    """No attachment, no guess, no path."""
    for digest in (PAPER.ref.hash, "0" * 32, LOGO.ref.hash[:-1], "..%2f..", "x" * 32):
        answer = app.test_client().get(f"/a/{digest}/logo.png")
        assert answer.status_code == 404
    assert app.test_client().post(shown).status_code == 405


@pytest.mark.parametrize("key", ["staff_tasks", "staff_hot_lead", "staff_digest", "staff_invite", "staff_notify"])
def test_mails_to_staff_are_shown_with_made_up_values(marketer: Client, key: str) -> None:
    """They bring what they are about, so there is nothing that could be missing."""
    page = marketer.get(f"/emails/{key}").text

    assert "undefined" not in page
    assert "thiếu" not in page
    assert "An Phát" in marketer.get(f"/emails/{key}/preview.html").text or key in {"staff_invite", "staff_notify"}
