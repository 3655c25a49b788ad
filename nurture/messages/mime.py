"""Writes a mail's bytes: headers and body, CRLF, lines of at most 76 where they can be, never over 998.

Header values are written by `headers` alone. The same input gives the same bytes, ASCII all of them but for a
recipient's address that has no ASCII form (RFC 6532). A mail without HTML is one plain text; with attachments it is
multipart/mixed (RFC 2046). Imported by sender processes.
"""

import hashlib
import re
import struct
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter

from nurture.messages.headers import (
    LINE,
    SUBJECT_LIMIT,
    ascii_address,
    ascii_file_name,
    checked,
    cleaned,
    date,
    extended,
    file_name,
    mailbox,
    unstructured,
    wire_address,
)
from nurture.messages.model import Attachment
from nurture.messages.personalize import Drawn, Rendered
from nurture.messages.stencil import wants_base64

_KINDS = ("plain", "html")
_CODED = "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s"
_QUOTED = {kind: _CODED % (kind, "quoted-printable") for kind in _KINDS}
_BASE64 = {kind: _CODED % (kind, "base64") for kind in _KINDS}
_CUT = struct.Struct(f"{LINE}s")
_FIRST = itemgetter(0)

_HEADER_ID = re.compile(r"[A-Za-z0-9._+-]{1,120}@[A-Za-z0-9.-]{1,120}")
_URL = re.compile(r"https?://[!-;=?-~]{1,900}")
_MAILTO = re.compile(r"mailto:[!-;=?-~]{1,900}")
_TOKEN = re.compile(r"[A-Za-z0-9:._-]{1,120}")
_MARK = re.compile(r"X-[A-Za-z-]{1,40}")
_MARKED = re.compile(r"[!-~]{1,300}(?: [!-~]{1,300}){0,8}")
_MEDIA = re.compile(
    r"(?!message/|multipart/)[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}(?:; [a-z0-9-]+=[A-Za-z0-9._-]+)*"
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands in the headers beside the subject. `date` is real time; `header_id` has no brackets."""

    from_address: str
    to_address: str
    header_id: str
    date: datetime
    from_name: str = ""
    to_name: str = ""
    reply_to_address: str = ""
    reply_to_name: str = ""
    unsubscribe_url: str = ""  # one-click where it is https (RFC 8058)
    unsubscribe_mailto: str = ""  # stands behind it
    feedback_id: str = ""
    automatic: bool = False  # to staff: nobody's vacation notice shall answer it (RFC 3834)
    mark: tuple[str, str] | None = None  # a header by which the relay's provider tells of this mail, and its value


@dataclass(frozen=True, slots=True)
class _Entity:
    """A body and the Content headers it needs (RFC 2045).

    A `firm` one is as DKIM's relaxed form has it, and none of its lines begins with a dot.
    """

    head: str
    body: Sequence[bytes]  # in pieces
    firm: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A mail: its header fields without their last CRLF, and its body. For `firm` see `_Entity`."""

    fields: list[str]
    body: Sequence[bytes]  # in pieces
    firm: bool

    @property
    def head(self) -> bytes:
        """The header, with the CRLF of its last line."""
        return "\r\n".join([*self.fields, ""]).encode()


def write(envelope: Envelope, rendered: Rendered, attachments: Sequence[Attachment] = ()) -> bytes:
    """The whole mail. ValueError when an address, id, URL or media type cannot stand in a header."""
    plain = _text("plain", rendered.text)
    rich = _text("html", rendered.html) if rendered.html else None
    written = _whole(envelope, rendered.subject, plain, rich, attachments)
    return b"".join((written.head, b"\r\n", *written.body))


def compose(envelope: Envelope, subject: str, drawn: Drawn, attachments: Sequence[Attachment] = ()) -> Written:
    """As `write`, quick where only values are to be put between what is encoded already."""
    coded = drawn.coded_text
    plain = _text("plain", drawn.text) if coded is None else _Entity(_QUOTED["plain"], coded, firm=True)
    rich: _Entity | None = None
    if any(drawn.html_chunks):
        coded = drawn.coded_html
        rich = _text("html", drawn.html) if coded is None else _Entity(_QUOTED["html"], coded, firm=True)
    return _whole(envelope, subject, plain, rich, attachments)


def _whole(
    envelope: Envelope, subject: str, plain: _Entity, rich: _Entity | None, attachments: Sequence[Attachment]
) -> Written:
    digest = hashlib.sha256(envelope.header_id.encode()).hexdigest()
    entity = plain
    if rich is not None:
        entity = _multipart("alternative", digest[:24], (entity, rich))
    if attachments:
        entity = _multipart("mixed", digest[24:48], (entity, *map(_attached, attachments)))
    fields = [*_headers(envelope, subject), entity.head]
    return Written(fields, [*entity.body, b"\r\n"], entity.firm and any(entity.body))  # an empty one is not its line


def check(envelope: Envelope, rendered: Rendered, attachments: Sequence[Attachment] = ()) -> None:
    """Raise what `write` would raise: no body is such that it could not be written."""
    _headers(envelope, rendered.subject)
    for attachment in attachments:
        _attached_head(attachment)


def _headers(envelope: Envelope, subject: str) -> list[str]:
    lines = [
        _sender("From: ", envelope.from_name, envelope.from_address),
        "To: " + mailbox(envelope.to_name, wire_address(envelope.to_address), len("To: ")),
    ]
    if envelope.reply_to_address:
        lines.append(_sender("Reply-To: ", envelope.reply_to_name, envelope.reply_to_address))
    lines += [
        "Subject: " + unstructured(cleaned(subject, SUBJECT_LIMIT), len("Subject: ")),
        "Date: " + date(envelope.date),
        f"Message-ID: <{checked(_HEADER_ID, envelope.header_id)}>",
        "MIME-Version: 1.0",
        *_refusal(envelope),
    ]
    if envelope.feedback_id:
        lines.append(f"Feedback-ID: {checked(_TOKEN, envelope.feedback_id)}")
    if envelope.automatic:
        lines.append("Auto-Submitted: auto-generated")
    if envelope.mark is not None:
        lines.append(_mark(*envelope.mark))
    return lines


@lru_cache(maxsize=256)
def _sender(label: str, name: str, address: str) -> str:
    """Who writes: the same few in many mails."""
    return label + mailbox(name, ascii_address(address), len(label))


def _mark(name: str, value: str) -> str:
    """Folded at its spaces only, where it is long: JSON that is unfolded again is the same."""
    first, *words = checked(_MARKED, value).split(" ")
    lines = [f"{checked(_MARK, name)}: {first}"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)


def _refusal(envelope: Envelope) -> list[str]:
    """How to say no (RFC 2369, RFC 8058): https first, folded between the two addresses and nowhere else.

    Whoever answers by itself lets mail with such a header be (RFC 3834, 2), so that it needs no `Precedence`.
    """
    if not envelope.unsubscribe_url:
        return []
    ways = [f"<{checked(_URL, envelope.unsubscribe_url)}>"]
    if envelope.unsubscribe_mailto:
        ways.append(f"<{checked(_MAILTO, envelope.unsubscribe_mailto)}>")
    lines = ["List-Unsubscribe: " + ",\r\n ".join(ways)]
    if envelope.unsubscribe_url.startswith("https:"):
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return lines


def _multipart(kind: str, digest: str, parts: Sequence[_Entity]) -> _Entity:
    """Parts behind boundaries that no encoded part can contain: neither base64 nor quoted-printable writes `=_`."""
    cut = f"--=_{digest}".encode()
    pieces: list[bytes] = []
    for part in parts:
        pieces += (cut, b"\r\n", part.head.encode(), b"\r\n\r\n", *part.body, b"\r\n")
    head = f'Content-Type: multipart/{kind};\r\n boundary="=_{digest}"'
    return _Entity(head, [*pieces, cut, b"--"], all(part.firm for part in parts))


def _text(kind: str, text: str) -> _Entity:
    """A text: quoted-printable, and base64 where that would be much smaller.

    Of Vietnamese mails quoted-printable is the smaller one, markup and all, and filters like it better.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = text.rstrip("\n").encode("utf-8", "replace").replace(b"\n", b"\r\n") + b"\r\n"
    if wants_base64(text.rstrip("\n")):
        return _Entity(_BASE64[kind], (_base64_lines(raw),))
    return _Entity(_QUOTED[kind], (b2a_qp(raw, istext=True).removesuffix(b"\r\n"),))


@lru_cache(maxsize=16)
def _attached(attachment: Attachment) -> _Entity:
    """A file. Its letters share it, so that it is encoded once for them all."""
    return _Entity(_attached_head(attachment), (_base64_lines(attachment.data),))


def _attached_head(attachment: Attachment) -> str:
    """The name twice: without its marks in Content-Type, as it is in Content-Disposition (RFC 2183, RFC 2231)."""
    name = file_name(attachment.name)
    bare = ascii_file_name(name)
    media = checked(_MEDIA, attachment.media_type)
    full = f'\r\n filename="{name}"' if bare == name and len(name) < LINE - 12 else extended("filename", name)
    lines = (
        f'Content-Type: {media};\r\n name="{bare}"',
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment;{full}",
    )
    return "\r\n".join(lines)


def _base64_lines(raw: bytes) -> bytes:
    lines = b2a_base64(raw, newline=False)
    whole = len(lines) // LINE * LINE
    cut = b"\r\n".join(map(_FIRST, _CUT.iter_unpack(lines[:whole])))
    return b"\r\n".join(filter(None, (cut, lines[whole:])))
