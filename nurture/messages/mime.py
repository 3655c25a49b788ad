"""Writes a mail's bytes: headers and body, CRLF, lines of at most 76 where they can be, never over 998.

Header values are cleaned and encoded here and nowhere else; the standard library's email package is not used for them
(CVE-2024-6923). RFC 2047 words stand in Subject and display names only, split between characters; a text that contains
`=?` is always encoded, so that it comes back as the text it is. The same input gives the same bytes, ASCII all of them
but for a recipient's address that has no ASCII form (RFC 6532).
"""

import hashlib
import re
import struct
from base64 import b64encode
from binascii import b2a_base64, b2a_qp
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from nurture.messages.personalize import Rendered

NAME_LIMIT = 200  # characters of a display name
SUBJECT_LIMIT = 500
_WORD_BYTES = 45  # of UTF-8 in one encoded word: 60 characters of base64 and 12 around them
_LINE = 76
_LONGEST_LOCAL = 64  # bytes
_CUT = struct.Struct(f"{_LINE}s")
_FIRST = itemgetter(0)

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_LOCAL = re.compile(r"(?:(?:^|\.)[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)+")
_HEADER_ID = re.compile(r"[A-Za-z0-9._+-]{1,120}@[A-Za-z0-9.-]{1,120}")
_URL = re.compile(r"https?://[!-;=?-~]{1,900}")
_TOKEN = re.compile(r"[A-Za-z0-9:._-]{1,120}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    unsubscribe_url: str = ""  # also makes it one-click (RFC 8058)
    feedback_id: str = ""
    automatic: bool = False  # to staff: nobody's vacation notice shall answer it (RFC 3834)


def write(envelope: Envelope, rendered: Rendered) -> bytes:
    """The whole mail. ValueError when an address, id or URL cannot stand in a header."""
    boundary = "=_" + hashlib.sha256(envelope.header_id.encode()).hexdigest()[:24]
    cut = f"\r\n--{boundary}".encode()
    return b"".join(
        (
            _head(envelope, rendered.subject, boundary),
            b"\r\n",
            cut,
            _part("plain", rendered.text),
            cut,
            _part("html", rendered.html),
            cut,
            b"--\r\n",
        )
    )


def check(envelope: Envelope, rendered: Rendered) -> None:
    """Raise what `write` would raise: no body is such that it could not be written."""
    _head(envelope, rendered.subject, "")


def _head(envelope: Envelope, subject: str, boundary: str) -> bytes:
    return "\r\n".join(_headers(envelope, subject, boundary)).encode()


def _headers(envelope: Envelope, subject: str, boundary: str) -> list[str]:
    lines = [
        "From: " + _mailbox(envelope.from_name, ascii_address(envelope.from_address), len("From: ")),
        "To: " + _mailbox(envelope.to_name, wire_address(envelope.to_address), len("To: ")),
    ]
    if envelope.reply_to_address:
        bare = ascii_address(envelope.reply_to_address)
        lines.append("Reply-To: " + _mailbox(envelope.reply_to_name, bare, len("Reply-To: ")))
    lines += [
        "Subject: " + _unstructured(cleaned(subject, SUBJECT_LIMIT), len("Subject: ")),
        "Date: " + date(envelope.date),
        f"Message-ID: <{_checked(_HEADER_ID, envelope.header_id)}>",
        "MIME-Version: 1.0",
    ]
    if envelope.unsubscribe_url:
        lines.append(f"List-Unsubscribe: <{_checked(_URL, envelope.unsubscribe_url)}>")
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if envelope.feedback_id:
        lines.append(f"Feedback-ID: {_checked(_TOKEN, envelope.feedback_id)}")
    if envelope.automatic:
        lines.append("Auto-Submitted: auto-generated")
    lines.append(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"')
    return lines


def cleaned(text: str, limit: int) -> str:
    """One line without control characters, unpaired surrogates and marks that turn the reading direction."""
    if _UNPRINTABLE.search(text):
        text = _UNPRINTABLE.sub(" ", text)
    return " ".join(text.split())[:limit].rstrip()


def date(instant: datetime) -> str:
    """RFC 5322 date in UTC."""
    at = instant.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} +0000"


def ascii_address(address: str) -> str:
    """The address as it may stand in any header or envelope; ValueError when there is no way to write it."""
    return _checked(_ADDRESS, address if address.isascii() else _ascii_domain(address))


def wire_address(address: str) -> str:
    """A recipient's address as it travels: in ASCII where it can be, else with its local part in UTF-8 (RFC 6531).

    The domain is in ASCII always. ValueError when there is no way to write it.
    """
    if address.isascii():
        return _checked(_ADDRESS, address)
    written = _ascii_domain(address)
    if written.isascii():
        return _checked(_ADDRESS, written)
    local, _, domain = written.rpartition("@")
    if len(local.encode("utf-8", "replace")) > _LONGEST_LOCAL or not local.isprintable() or not _LOCAL.fullmatch(local):
        raise ValueError(f"not an address: {address!r}")
    _checked(_ADDRESS, f"a@{domain}")
    return written


def _ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        written = domain.encode("idna")
        if written.decode("idna") != domain.lower():  # a letter was replaced: that would be another domain
            raise ValueError(f"not an address: {address!r}")
    except UnicodeError as error:
        raise ValueError(f"not an address: {address!r}") from error
    return f"{local}@{written.decode('ascii')}"


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"cannot stand in a header: {text[:80]!r}")
    return text


def _mailbox(name: str, bare: str, used: int) -> str:
    """`Name <address>`, folded where it gets long."""
    shown = cleaned(name, NAME_LIMIT)
    if not shown:
        return bare
    phrase, column = _phrase(shown, used)
    gap = " " if column + len(bare) + 3 <= _LINE else "\r\n "
    return f"{phrase}{gap}<{bare}>"


def _phrase(name: str, used: int) -> tuple[str, int]:
    """A display name as atoms, quoted string or encoded words; and the column it ends in."""
    if name.isascii() and "=?" not in name and len(name) <= 48:
        if not _ATOMS.fullmatch(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return name, used + len(name)
    return _words(name, used)


def _unstructured(text: str, used: int) -> str:
    """A subject: plain where it can be, else encoded words."""
    if not text.isascii() or "=?" in text:
        return _words(text, used)[0]
    if used + len(text) <= _LINE:
        return text
    lines, room = [""], _LINE - used
    for word in text.split(" "):
        if len(word) > _LINE - 2:
            return _words(text, used)[0]
        if len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = _LINE - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _words(text: str, used: int) -> tuple[str, int]:
    """RFC 2047 words in base64, one a line, each of whole characters; and the column the last one ends in."""
    words: list[str] = []
    chunk, room = b"", max(6, (_LINE - 12 - used) // 4 * 3)
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > room:
            words.append(_word(chunk))
            chunk, room = b"", _WORD_BYTES
        chunk += encoded
    words.append(_word(chunk))
    column = len(words[-1]) + (used if len(words) == 1 else 1)
    return "\r\n ".join(words), column


def _word(chunk: bytes) -> str:
    return f"=?UTF-8?B?{b64encode(chunk).decode('ascii')}?="


def _part(kind: str, text: str) -> bytes:
    """One part behind its boundary: base64 when more than a few characters are not ASCII, else quoted-printable."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = text.rstrip("\n").encode("utf-8", "replace")
    raw = encoded.replace(b"\n", b"\r\n") + b"\r\n"
    if (len(encoded) - len(text)) * 40 > len(text):
        return _encoded(kind, b"base64", _base64_lines(raw))
    return _encoded(kind, b"quoted-printable", b2a_qp(raw, istext=True).removesuffix(b"\r\n"))


def _encoded(kind: str, name: bytes, body: bytes) -> bytes:
    head = f"\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: ".encode()
    return b"".join((head, name, b"\r\n\r\n", body))


def _base64_lines(raw: bytes) -> bytes:
    lines = b2a_base64(raw, newline=False)
    whole = len(lines) // _LINE * _LINE
    cut = b"\r\n".join(map(_FIRST, _CUT.iter_unpack(lines[:whole])))
    return b"\r\n".join(filter(None, (cut, lines[whole:])))
