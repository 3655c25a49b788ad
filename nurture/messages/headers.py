"""How a text, an address, a date and a file name are written in a header. Pure; nowhere else are they encoded.

The standard library's email package is not used for it (CVE-2024-6923). RFC 2047 words stand in Subject and display
names only, split between characters that a reader sees as one; a text that contains `=?` is always encoded, so that it
comes back as the text it is. Imported by sender processes.
"""

import re
import unicodedata
from binascii import b2a_base64
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

import idna

NAME_LIMIT = 200  # characters of a display name
SUBJECT_LIMIT = 500
FILE_LIMIT = 120
LINE = 76
_WORD_BYTES = 45  # of UTF-8 in one encoded word: 60 characters of base64 and 12 around them
_LONGEST_LOCAL = 64  # bytes
_LONGEST_CLUSTER = 16  # characters that are kept in one encoded word

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_LOCAL = re.compile(r"(?:(?:^|\.)[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)+")
_NOT_FILE = re.compile(r'[/\\:*?"<>|]')
_NOT_ASCII_FILE = re.compile(r"[^A-Za-z0-9 ._()+-]+")
_D = str.maketrans({"đ": "d", "Đ": "D"})
_SIGNS_AFTER = "\u0e33\u0eb3"  # AM of Thai and Lao: letters to Unicode, marks to readers
_VIRAMA = 9  # combining class: joins two consonants of India
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def cleaned(text: str, limit: int) -> str:
    """One line without control characters, unpaired surrogates and marks that turn the reading direction."""
    if _UNPRINTABLE.search(text):
        text = _UNPRINTABLE.sub(" ", text)
    return " ".join(text.split())[:limit].rstrip()


@lru_cache(maxsize=256)
def date(instant: datetime) -> str:
    """RFC 5322 date in UTC."""
    at = instant.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} +0000"


def ascii_address(address: str) -> str:
    """The address as it may stand in any header or envelope; ValueError when there is no way to write it."""
    return checked(_ADDRESS, address if address.isascii() else _ascii_domain(address))


def wire_address(address: str) -> str:
    """A recipient's address as it travels: in ASCII where it can be, else with its local part in UTF-8 (RFC 6531).

    The domain is in ASCII always. ValueError when there is no way to write it.
    """
    if address.isascii():
        return checked(_ADDRESS, address)
    written = _ascii_domain(address)
    if written.isascii():
        return checked(_ADDRESS, written)
    local, _, domain = written.rpartition("@")
    if len(local.encode("utf-8", "replace")) > _LONGEST_LOCAL or not local.isprintable() or not _LOCAL.fullmatch(local):
        raise ValueError(f"not an address: {address!r}")
    checked(_ADDRESS, f"a@{domain}")
    return written


def _ascii_domain(address: str) -> str:
    """With its domain as IDNA 2008 writes it, letters mapped as UTS 46 has it."""
    local, _, domain = address.rpartition("@")
    try:
        written = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"not an address: {address!r}") from error
    return f"{local}@{written}"


def checked(pattern: re.Pattern[str], text: str) -> str:
    """The text, if it may stand in a header as it is; else ValueError."""
    if pattern.fullmatch(text) is None:
        raise ValueError(f"cannot stand in a header: {text[:80]!r}")
    return text


def mailbox(name: str, bare: str, used: int) -> str:
    """`Name <address>`, folded where it gets long; `used` is the column it begins in."""
    shown = cleaned(name, NAME_LIMIT)
    if not shown:
        return bare
    phrase, column = _phrase(shown, used)
    gap = " " if column + len(bare) + 3 <= LINE else "\r\n "
    return f"{phrase}{gap}<{bare}>"


def _phrase(name: str, used: int) -> tuple[str, int]:
    """A display name as atoms, quoted string or encoded words; and the column it ends in."""
    if name.isascii() and "=?" not in name and len(name) <= 48:
        if not _ATOMS.fullmatch(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return name, used + len(name)
    return _words(name, used)


def unstructured(text: str, used: int) -> str:
    """A subject: plain where it can be, else encoded words."""
    if not text.isascii() or "=?" in text:
        return _words(text, used)[0]
    if used + len(text) <= LINE:
        return text
    lines, room = [""], LINE - used
    for word in text.split(" "):
        if len(word) > LINE - 2 - used:
            return _words(text, used)[0]
        if len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = LINE - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _words(text: str, used: int) -> tuple[str, int]:
    """RFC 2047 words in base64, one a line, each of whole characters; and the column the last one ends in."""
    words: list[str] = []
    raw = text.encode()
    at, start, room = 0, 0, max(6, (LINE - 12 - used) // 4 * 3)  # the same place in characters and in bytes
    while start < len(raw) or not words:
        piece = raw[start : start + room]
        if start + room < len(raw):
            piece = _whole(text, at, raw, start, start + room)
            at += len(piece.decode())
        words.append(f"=?UTF-8?B?{b2a_base64(piece, newline=False).decode('ascii')}?=")
        start, room = start + len(piece), _WORD_BYTES
    column = len(words[-1]) + (used if len(words) == 1 else 1)
    return "\r\n ".join(words), column


def _whole(text: str, at: int, raw: bytes, start: int, end: int) -> bytes:
    """As many bytes from `start` as are whole characters, and not cut where `_between` would not."""
    while raw[end] & 0xC0 == 0x80:
        end -= 1
    piece = raw[start:end]
    last = at + len(piece.decode())
    cut = _between(text, at, last)
    return piece if cut == last else text[at:cut].encode()


def _between(text: str, start: int, end: int) -> int:
    """The last place up to `end` where a word may end: not inside of what a reader sees as one character."""
    at = end
    while start < at < len(text) and _clings(text, at):
        at -= 1
        if end - at > _LONGEST_CLUSTER:
            return end
    return at if at > start else end


def _clings(text: str, at: int) -> bool:
    """Whether this character belongs to the one before: a mark, a joined or toned emoji, half a flag (UAX 29)."""
    before, one = text[at - 1], text[at]
    if (
        before == "\u200d"
        or one == "\u200d"
        or "\U0001f3fb" <= one <= "\U0001f3ff"
        or "\U000e0020" <= one <= "\U000e007f"
    ):
        return True
    if "\U0001f1e6" <= one <= "\U0001f1ff":
        first = at
        while first and "\U0001f1e6" <= text[first - 1] <= "\U0001f1ff":
            first -= 1
        return (at - first) % 2 == 1
    if one.isascii():
        return False
    return unicodedata.category(one)[0] == "M" or one in _SIGNS_AFTER or unicodedata.combining(before) == _VIRAMA


def file_name(name: str) -> str:
    """A name that every system can save a file by: no folder, no control character, at most 120 characters."""
    line = _NOT_FILE.sub("_", cleaned(name, 10_000)).strip(". ")
    stem, dot, ending = line.rpartition(".")
    if not dot or len(ending) > 10:
        return line[:FILE_LIMIT].rstrip(". ") or "attachment"
    return stem[: FILE_LIMIT - len(ending) - 1].rstrip(". ") + "." + ending


def ascii_file_name(name: str) -> str:
    """The file name without its marks, for readers that know no others: `Báo giá.pdf` is `Bao gia.pdf`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.translate(_D)) if not unicodedata.combining(c))
    stem, dot, ending = _NOT_ASCII_FILE.sub("_", bare).rpartition(".")
    if not any(c.isalnum() for c in stem):
        stem = "attachment"
    return f"{stem}{dot}{ending}" if dot else ending or stem


def extended(name: str, text: str) -> str:
    """A parameter in UTF-8 (RFC 2231), in as many numbered parts as its length asks for, each on its own line."""
    one = f" {name}*=UTF-8''{quote(text, safe='')}"
    if len(one) <= LINE:
        return "\r\n" + one
    lines, current = [], f" {name}*0*=UTF-8''"
    for character in text:
        piece = quote(character, safe="")
        if len(current) + len(piece) + 1 > LINE:
            lines.append(current)
            current = f" {name}*{len(lines)}*="
        current += piece
    return "".join(f"\r\n{line};" for line in lines) + f"\r\n{current}"
