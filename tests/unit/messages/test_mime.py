"""Writing MIME bytes, read back with the standard library's parser and by hand."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.headers import NAME_LIMIT, SUBJECT_LIMIT, cleaned
from nurture.messages.mime import Envelope, check, write
from nurture.messages.model import Attachment
from nurture.messages.personalize import Rendered

ENVELOPE = Envelope(
    from_address="chao@anphat.example",
    from_name="Trung tâm An Phát",
    to_address="minh@x.example",
    to_name="Nguyễn Văn Minh",
    header_id="0123abcd@anphat.example",
    date=datetime(2026, 11, 2, 9, 5, 7, tzinfo=timezone(timedelta(hours=7))),
    unsubscribe_url="https://m.example/u/abc",
)
RENDERED = Rendered("Chào anh Minh", "", "<p>Chào anh Minh</p>\n", "Chào anh Minh\n")
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type",
]  # fmt: skip


def parse(data: bytes) -> EmailMessage:
    """The mail as the standard library reads it."""
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def raw_headers(data: bytes) -> dict[str, str]:
    """Header values, unfolded, by hand."""
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    return dict(line.split(": ", 1) for line in head.replace("\r\n ", " ").split("\r\n"))


def shown(header: str) -> str:
    """What a reader sees of a header with encoded words."""
    return str(make_header(decode_header(header)))


def display_name(header: str) -> str:
    """The display name of a mailbox header, decoded by hand."""
    name = header.rpartition(" <")[0]
    return shown(parseaddr(header)[0]) if name.startswith('"') else shown(name)


def test_a_mail_has_its_headers_and_both_parts() -> None:
    """In order, text before HTML."""
    mail = parse(write(ENVELOPE, RENDERED))

    assert mail.keys() == HEADERS
    assert mail["Subject"] == "Chào anh Minh"
    assert mail["From"] == "Trung tâm An Phát <chao@anphat.example>"
    assert mail["Message-ID"] == "<0123abcd@anphat.example>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["Chào anh Minh", "<p>Chào anh Minh</p>"]
    assert mail.defects == []


def test_the_date_is_the_instant_in_utc() -> None:
    """As RFC 5322 writes it, whatever the locale."""
    written = raw_headers(write(ENVELOPE, RENDERED))["Date"]

    assert written == "Mon, 02 Nov 2026 02:05:07 +0000"
    assert parsedate_to_datetime(written) == ENVELOPE.date.astimezone(UTC)


def test_unsubscribing_is_one_click() -> None:
    """RFC 8058: the URL in brackets, never encoded, and the Post header."""
    headers = raw_headers(write(ENVELOPE, RENDERED))

    assert headers["List-Unsubscribe"] == "<https://m.example/u/abc>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_to_staff_has_no_list_headers_and_says_it_is_automatic() -> None:
    """No vacation notice shall answer it."""
    headers = raw_headers(write(replace(ENVELOPE, unsubscribe_url="", automatic=True), RENDERED))

    assert "List-Unsubscribe" not in headers
    assert headers["Auto-Submitted"] == "auto-generated"


def test_reply_to_and_feedback_id_stand_where_they_are_given() -> None:
    """The owner answers, though the house sends."""
    envelope = replace(ENVELOPE, reply_to_address="lan@anphat.example", reply_to_name="Lan", feedback_id="w:1:nurture")

    headers = raw_headers(write(envelope, RENDERED))

    assert headers["Reply-To"] == "Lan <lan@anphat.example>"
    assert headers["Feedback-ID"] == "w:1:nurture"


HOSTILE = [
    "=?UTF-8?Q?=0A?=Bcc: x@evil.test",
    "a\r\nBcc: x@evil.test",
    "a\nb\rc\x00d\x0be\u2028f",
    "x" * 10_000,
    "đ" * 10_000,
    "Minh 🎉👨‍👩‍👧‍👦🇻🇳",
    "🎉" * 100,
    'O"Brien \\ <a@b.test>, c@d.test; "',
    "Bcc: x@evil.test",
    "\ud800 lone",
    "{{ 7*7 }} <script>",
    "  ",
    "=?x?=",
    "évil.\u202etxt",
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_a_hostile_name_is_text_in_one_header(name: str) -> None:
    """It neither adds nor breaks a header, and comes back as the text it is."""
    data = write(
        replace(ENVELOPE, to_name=name, reply_to_address="a@b.test", reply_to_name=name),
        replace(RENDERED, subject=name),
    )
    headers = raw_headers(data)

    assert list(headers) == [*HEADERS[:2], "Reply-To", *HEADERS[2:]]
    assert shown(headers["Subject"]) == cleaned(name, SUBJECT_LIMIT)
    for header in ("To", "Reply-To"):
        assert headers[header].endswith(("minh@x.example>", "a@b.test>", "minh@x.example", "a@b.test"))
        assert display_name(headers[header]) == cleaned(name, NAME_LIMIT)
    assert parse(data).keys() == list(headers)
    assert parse(data)["Bcc"] is None


@given(name=st.text(max_size=400), subject=st.text(max_size=900))
def test_any_text_is_one_header(name: str, subject: str) -> None:
    """Lines stay within 76, values come back, words are cut between characters."""
    data = write(replace(ENVELOPE, to_name=name), replace(RENDERED, subject=subject))
    headers = raw_headers(data)

    assert list(headers) == HEADERS
    assert shown(headers["Subject"]) == cleaned(subject, SUBJECT_LIMIT)
    assert display_name(headers["To"]) == cleaned(name, NAME_LIMIT)
    assert all(len(line) <= 76 for line in data.partition(b"\r\nDate:")[0].split(b"\r\n"))


def test_a_text_that_looks_encoded_is_encoded_once_more() -> None:
    """Else a reader would decode what the lead wrote."""
    headers = raw_headers(write(replace(ENVELOPE, to_name=HOSTILE[0]), RENDERED))

    assert "=?UTF-8?Q?" not in headers["To"]
    assert shown(headers["To"].rpartition(" <")[0]) == "=?UTF-8?Q?=0A?=Bcc: x@evil.test"


@pytest.mark.parametrize(
    "change",
    [
        {"to_address": "a@b.test>\r\nBcc: x@evil.test"},
        {"to_address": "a b@c.test"},
        {"to_address": "no-at-sign"},
        {"to_address": "đ ng@c.test"},
        {"to_address": "đ\u202e@c.test"},
        {"to_address": "đ,e@c.test"},
        {"to_address": "đ" * 33 + "@c.test"},
        {"to_address": "đ@a_b.test"},
        {"to_address": "a@🎉.test"},
        {"to_address": "a@b..đ.test"},
        {"from_address": "đ@c.test"},
        {"reply_to_address": "đ@c.test"},
        {"to_address": "a@c.test, d@e.test"},
        {"from_address": "a@b@c.test"},
        {"reply_to_address": "x\n@c.test"},
        {"header_id": "a b@c"},
        {"header_id": "a@c>\r\nX: y"},
        {"unsubscribe_url": "https://m.example/u/a>\r\nX: y"},
        {"unsubscribe_url": "https://m.example/u/đ"},
        {"unsubscribe_url": "mailto:a@b.test"},
        {"unsubscribe_mailto": "mailto:a@b.test>\r\nX: y"},
        {"unsubscribe_mailto": "https://b.test"},
        {"feedback_id": "a\nb"},
    ],
    ids=str,
)
def test_what_cannot_stand_in_a_header_is_refused(change: dict[str, str]) -> None:
    """Addresses, ids and URLs are never mended by guessing."""
    with pytest.raises(ValueError, match=r"cannot stand in a header|not an address"):
        write(replace(ENVELOPE, **change), RENDERED)  # type: ignore[arg-type]


def test_a_domain_in_other_letters_is_written_in_ascii() -> None:
    """Relays without SMTPUTF8 take it."""
    headers = raw_headers(write(replace(ENVELOPE, to_name="", to_address="a@bưu-điện.example"), RENDERED))

    assert headers["To"] == "a@xn--bu-in-rva8e20x1k.example" or headers["To"].startswith("a@xn--")


BODIES = [
    "plain ascii",
    "Tiếng Việt có dấu " * 40,
    "x" * 5_000,
    "đ" * 5_000,
    "a = b; =3D =_x",
    ".\n..\n.end\n",
    "From here\n trailing blanks  \n\ttab",
    "line\r\nline\rline\n",
    "🎉 " * 500,
    "--=_boundary\n",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body[:12]))
def test_bodies_come_back_and_lines_are_short(body: str) -> None:
    """Whichever encoding was taken."""
    data = write(ENVELOPE, replace(RENDERED, html=f"<p>{body}</p>", text=body))
    plain, rich = (part.get_content().replace("\r\n", "\n") for part in parse(data).iter_parts())
    normal = body.replace("\r\n", "\n").replace("\r", "\n")

    assert plain.rstrip("\n") == normal.rstrip("\n")
    assert rich.rstrip("\n") == f"<p>{normal}</p>"
    assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    assert data.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", data) is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello Minh", "quoted-printable"),
        ("Chào anh Minh, cảm ơn anh đã ghé lớp học thử", "quoted-printable"),
        ("Спасибо, что пришли на урок", "base64"),
        ("感谢您来参加试听课", "base64"),
    ],
)
def test_the_encoding_follows_the_content(text: str, encoding: str) -> None:
    """Latin letters stay readable, marks and all; the others stay small."""
    plain, rich = parse(write(ENVELOPE, Rendered("s", "", f"{text}" * 50, text))).iter_parts()
    assert (plain["Content-Transfer-Encoding"], rich["Content-Transfer-Encoding"]) == (encoding, encoding)


def test_the_same_message_gives_the_same_bytes() -> None:
    """A retry is the same mail."""
    assert write(ENVELOPE, RENDERED) == write(ENVELOPE, RENDERED)


def test_refusing_by_mail_stands_second() -> None:
    """RFC 2369: the first way is the better one; the line is folded between the two, and inside of neither."""
    far = "https://m.example/u/" + "a" * 880
    mailto = "mailto:bounces@anphat.example?subject=unsubscribe%20abc"
    data = write(replace(ENVELOPE, unsubscribe_url=far, unsubscribe_mailto=mailto), RENDERED)
    assert f"\r\nList-Unsubscribe: <{far}>,\r\n <{mailto}>\r\nList-Unsubscribe-Post: ".encode() in data
    assert max(map(len, data.split(b"\r\n"))) < 998


def test_without_https_there_is_no_one_click() -> None:
    """RFC 8058, 3.1 asks for it."""
    headers = raw_headers(write(replace(ENVELOPE, unsubscribe_url="http://127.0.0.1:8000/u/abc"), RENDERED))
    assert headers["List-Unsubscribe"] == "<http://127.0.0.1:8000/u/abc>"
    assert "List-Unsubscribe-Post" not in headers


@pytest.mark.parametrize("text", ["Hello\n", "Chào anh Minh\n", ".\n"])
def test_a_mail_without_html_is_one_plain_text(text: str) -> None:
    """No boundary, no empty part."""
    mail = parse(write(ENVELOPE, Rendered("s", "", "", text)))
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == text
    assert mail.defects == []


FILES = (
    Attachment("Bảng giá.pdf", "application/pdf", bytes(range(256)) * 20),
    Attachment("a.csv", "text/csv; charset=utf-8", "tên,giá\n".encode()),
    Attachment("rỗng.txt", "text/plain; charset=utf-8", b""),
)


@pytest.mark.parametrize("html", ["", "<p>Chào</p>\n"])
def test_files_stand_behind_the_text(html: str) -> None:
    """In order, with their names, byte for byte."""
    data = write(ENVELOPE, replace(RENDERED, html=html), FILES)
    mail = parse(data)
    found = list(mail.iter_attachments())
    body = mail.get_body(("html", "plain"))

    assert mail.get_content_type() == "multipart/mixed"
    assert [part.get_filename() for part in found] == [one.name for one in FILES]
    assert [part.get_payload(decode=True) for part in found] == [one.data for one in FILES]
    assert [part.get_content_type() for part in found] == ["application/pdf", "text/csv", "text/plain"]
    assert [part.get_content_disposition() for part in found] == ["attachment"] * 3
    assert body is not None
    assert body.get_content().strip() == (html or RENDERED.text).strip()
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert all(part.defects == [] for part in mail.walk())


@pytest.mark.parametrize(
    "media", ["", "pdf", "application/pdf\r\nX: y", "message/rfc822", "multipart/mixed", 'text/csv; x="y"', "Text/HTML"]
)
def test_a_media_type_that_is_none_is_refused(media: str) -> None:
    """Nor may a file be a mail of its own."""
    files = (Attachment("a.pdf", media, b"x"),)
    for act in (write, check):
        with pytest.raises(ValueError, match="cannot stand in a header"):
            act(ENVELOPE, RENDERED, files)


def test_what_checks_well_can_be_written() -> None:
    """And takes no bytes to say so."""
    check(ENVELOPE, RENDERED, FILES)
