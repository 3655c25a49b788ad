"""A mail taken apart: headers, and the texts in it, in order. Pure, and bounded in size, depth and number.

Python's email package is not used for this: it recurses as deep as a mail asks it to, and returned mail is written by
strangers. What is broken is read as far as it goes, and nothing raises.
"""

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property, lru_cache

MOST = 1_000_000  # bytes of a mail that are looked at: who tells us something tells it first
MOST_HEADERS = 400
MOST_PARTS = 60
DEEPEST = 8
LONGEST_HEADER = 4000  # characters of one header's value
LONGEST_TEXT = 100_000  # bytes of one part, decoded

_LINE_ENDS = re.compile(rb"\r\n?")
_NAME = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)", re.DOTALL)
_PARAMETER = re.compile(r";\s*([\w.-]+)\*?(?:0\*?)?\s*=\s*(?:\"([^\"]*)\"|([^;\s]+))")
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bqBQ]\?[^?]*\?=")
# Codecs that are no charsets, or that take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a part, as they came: (name in lower case, unfolded value)."""

    fields: tuple[tuple[str, str], ...] = ()

    def raw(self, name: str) -> str:
        """The first value of this header as it came, or nothing."""
        return next((value for key, value in self.fields if key == name), "")

    def get(self, name: str) -> str:
        """The first value of this header, its encoded words decoded, on one line."""
        return words(self.raw(name))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)


@dataclass(frozen=True)
class Part:
    """One part that is no container: what it calls itself, and its bytes, still encoded for transfer."""

    headers: Headers
    media: str  # such as text/plain
    body: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    depth: int = 0

    @cached_property
    def text(self) -> str:
        """Its text, decoded as it says or as well as it goes, line ends as \\n."""
        raw = _transferred(self.body, self.headers.raw("content-transfer-encoding").strip().lower())[:LONGEST_TEXT]
        return _decoded(raw, self.parameters.get("charset", "")).replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Mail:
    """A mail: its own headers and kind, and its parts in order. An enclosed mail is a part of its own."""

    headers: Headers
    media: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]
    raw: bytes  # what was looked at, line ends as \\n

    @cached_property
    def texts(self) -> tuple[Part, ...]:
        """What a person would read, in order."""
        return tuple(part for part in self.parts if part.media in {"text/plain", "text/html"})


def parse(raw: bytes) -> Mail:
    """The mail, as far as it can be read."""
    whole = _LINE_ENDS.sub(b"\n", raw[:MOST]).lstrip()
    if whole.startswith((b"From ", b">From ")):  # an mbox's separator
        whole = whole.partition(b"\n")[2]
    headers, body = split(whole)
    media, parameters = _media(headers)
    found: list[Part] = []
    for part in _walk(headers, body, "text/plain"):
        found.append(part)
        if len(found) == MOST_PARTS:
            break
    return Mail(headers, media, parameters, tuple(found), whole)


def split(raw: bytes) -> tuple[Headers, bytes]:
    """Headers and body. A line that is no header ends the headers, as if a blank line stood there."""
    fields: list[tuple[str, str]] = []
    at, most = 0, len(raw)
    while at < most and len(fields) < MOST_HEADERS:
        end = raw.find(b"\n", at)
        end = most if end < 0 else end
        line = raw[at : min(end, at + LONGEST_HEADER)].decode("utf-8", "surrogateescape")
        if not line.strip():
            at = end + 1
            break
        if line[0] in " \t" and fields:
            name, value = fields[-1]
            if len(value) < LONGEST_HEADER:
                fields[-1] = (name, f"{value} {line.strip()}"[:LONGEST_HEADER])
        elif found := _NAME.fullmatch(line):
            fields.append((found[1].lower(), found[2].strip()))
        else:
            break
        at = end + 1
    return Headers(tuple(fields)), raw[at:]


def words(value: str) -> str:
    """A header's value on one line, its encoded words (RFC 2047) decoded; what cannot be decoded stays."""
    line = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if not _ENCODED.search(line):
        return " ".join(line.split())
    try:
        pieces = decode_header(line)
    except (HeaderParseError, binascii.Error, ValueError):
        return " ".join(line.split())
    said = (_decoded(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces)
    return " ".join("".join(said).split())


def _walk(headers: Headers, body: bytes, default: str, depth: int = 0) -> Iterator[Part]:
    media, parameters = _media(headers, default)
    boundary = parameters.get("boundary", "")
    if media.startswith("multipart/") and boundary and depth < DEEPEST:
        inner = "message/rfc822" if media == "multipart/digest" else "text/plain"
        for piece in _pieces(body, boundary):
            yield from _walk(*split(piece), inner, depth + 1)
        return
    if media.startswith("multipart/"):  # without a boundary, or too deep: its text, as it stands
        media = "text/plain"
    yield Part(headers, media, body, parameters, depth)


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    """The parts between the boundary lines; what stands before the first is left out, unless there is none."""
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    cut = re.compile(rb"(?:\A|\n)--" + mark + rb"(--)?[ \t]*(?=\n|\Z)").split(body, MOST_PARTS)
    # split gives text, mark, text, mark, …; a mark with two dashes behind it closes
    pieces = [text.removeprefix(b"\n") for close, text in zip(cut[1::2], cut[2::2], strict=False) if not close]
    return pieces or [b"\n" + body]


def _media(headers: Headers, default: str = "text/plain") -> tuple[str, dict[str, str]]:
    value = headers.raw("content-type")
    kind = value.partition(";")[0].strip().lower()
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(value[len(value.partition(";")[0]) :]):
        parameters.setdefault(found[1].lower(), found[2] if found[2] is not None else found[3])
    return (kind if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) else default), parameters


def _transferred(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body[: LONGEST_TEXT * 2])
        try:
            return base64.b64decode(clean[: len(clean) // 4 * 4] + _rest(clean))
        except (binascii.Error, ValueError):
            return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body[: LONGEST_TEXT * 3])
    return body


def _rest(clean: bytes) -> bytes:
    """The last, unfinished group of base64, filled up."""
    rest = clean[len(clean) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _decoded(raw: bytes, charset: str) -> str:
    for name in (_charset(charset), "utf-8"):
        if name:
            try:
                return raw.decode(name)
            except (UnicodeError, ValueError):
                continue
    return raw.decode(_charset(charset) or "latin-1", "replace")


@lru_cache(maxsize=256)
def _charset(name: str) -> str:
    """A codec of Python's for this charset, or nothing."""
    try:
        codec = codecs.lookup(name.strip("\"' ").lower().partition("*")[0]).name if name else ""
        "a".encode(codec or "utf-8")  # a codec of bytes to bytes is no charset
    except (LookupError, ValueError):
        return ""
    return "" if codec in _NO_CHARSETS else codec
