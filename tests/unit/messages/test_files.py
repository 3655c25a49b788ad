"""Images and attachments."""

import pytest

from nurture.kernel.errors import Problem
from nurture.messages import files
from nurture.messages.model import Attachment

PNG, PDF, ZIP = b"\x89PNG\r\n\x1a\n123", b"%PDF-1.7 x", b"PK\x03\x04word/document.xml"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("logo.png", PNG, "image/png"),
        ("Anh-1.JPG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.webp", b"RIFF1234WEBPVP8 ", "image/webp"),
    ],
)
def test_an_image_is_what_its_bytes_say(name: str, data: bytes, kind: str) -> None:
    """And its name says the same."""
    assert files.asset(name, data, "f") == Attachment(name, kind, data)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.svg", b"<svg/>", "do not show SVG"),
        ("a.png", b"<svg onload=x>", "not what its name says"),
        ("a.png", b"", "not what its name says"),
        ("a.webp", b"RIFF1234WAVE", "not what its name says"),
        ("a.bmp", b"BM", "not an image"),
        ("ảnh.png", PNG, "not an image"),
        ("a b.png", PNG, "not an image"),
        ("a.png", PNG + b"x" * files.LARGEST_ASSET, "are allowed"),
    ],
)
def test_what_is_no_image_for_emails_is_refused(name: str, data: bytes, said: str) -> None:
    """With the file."""
    problem = files.asset(name, data, "_assets/a")

    assert isinstance(problem, Problem)
    assert said in problem.text()
    assert problem.file == "_assets/a"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("Bảng giá 2026.pdf", PDF, "application/pdf"),
        ("Ba\u0309ng gia\u0301.pdf", PDF, "application/pdf"),
        ("Hợp đồng.docx", ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("danh-sach.csv", "họ tên\n".encode(), "text/csv; charset=utf-8"),
        ("lich.ICS", b"BEGIN:VCALENDAR", "text/calendar; charset=utf-8"),
        ("a.png", PNG, "image/png"),
    ],
)
def test_documents_may_go_with_an_email(name: str, data: bytes, kind: str) -> None:
    """Under their Vietnamese names, in NFC."""
    found = files.attachment(name, data, "f")

    assert isinstance(found, Attachment)
    assert found.media_type == kind
    assert found.name in {name, "Bảng giá.pdf"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.exe", b"MZ"),
        ("a.pdf.exe", PDF),
        ("a.js", b"x"),
        ("a.html", b"x"),
        ("a.zip", ZIP),
        ("a.docm", ZIP),
        ("pdf", PDF),
        (".pdf", PDF),
        ("a.pdf", b"MZ\x90"),
        ("a.pdf", b" %PDF-"),
        ("a.xlsx", b"PK\x03\x04xl/vbaProject.bin"),
        ("a.docx", b"\xd0\xcf\x11\xe0"),
        ("a.csv", b"MZ"),
        ("a.txt", b"#!/bin/sh"),
        ("a.txt", b"\xff\xfe"),
        ("a.txt", b"a\x00b"),
        ("a\r\nBcc: x.pdf", PDF),
        ("a\u202egnp.pdf", PDF),
        ("x" * 200 + ".pdf", PDF),
        ("a.pdf", PDF + b"x" * files.LARGEST_ATTACHMENT),
    ],
)
def test_programs_and_what_pretends_are_refused(name: str, data: bytes) -> None:
    """Whatever they are called."""
    assert isinstance(files.attachment(name, data, "f"), Problem)


def test_all_attachments_together_have_a_limit() -> None:
    """In number and in bytes."""
    assert files.too_much([Attachment("a", "b", b"x")] * files.MOST_ATTACHMENTS, "f") is None
    assert files.too_much([Attachment("a", "b", b"x")] * (files.MOST_ATTACHMENTS + 1), "f") is not None
    assert files.too_much([Attachment("a", "b", b"x" * 4_000_000)] * 2, "f") is not None
