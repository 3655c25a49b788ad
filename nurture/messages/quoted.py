"""Quoted-printable (RFC 2045, 6.7) of pieces that are encoded apart and put together afterwards.

Each piece begins at the start of a line and ends one, by a soft break where the text goes on, so that what stands
before and after it changes nothing. What comes out is as DKIM's relaxed form has it (RFC 6376, 3.4.4: no run of blanks,
none at the end of a line), and no line begins with a dot, so that nothing needs to be stuffed. Pure.
"""

import re
from binascii import b2a_qp
from functools import lru_cache

SOFT = b"=\r\n"
_ROOM = 75  # and the `=` of a soft break
_PLAIN = bytes(code for code in range(33, 127) if code != 61)
_ODD = re.compile(r"[\t\r\n]|  ")
_ODD_BYTES = re.compile(rb"[\t\r\n]|  | \Z")
_WRITTEN = [bytes((code,)) if 32 <= code <= 126 and code != 61 else b"=%02X" % code for code in range(256)]
_DOT, _BLANK, _WRITTEN_BLANK = b"=2E", b" ", b"=20"


def piece(text: str) -> bytes:
    """A text that others follow, encoded; empty for none. Ends of lines are LF."""
    if not text:
        return b""
    lines = lines_of(text)
    if text.endswith("\n"):
        return lines
    start = lines.rfind(b"\n") + 1
    if len(lines) - start > _ROOM:  # a last line may be as long as lines get; no soft break fits behind it
        raw = text.rpartition("\n")[2].encode("utf-8", "replace")
        lines = lines_of(text[: text.rfind("\n") + 1]) + _slowly(raw)
    return lines + SOFT


def lines_of(text: str) -> bytes:
    """A text encoded, to its end. Ends of lines are LF."""
    return b"\r\n".join([_line(line.encode("utf-8", "replace")) for line in text.split("\n")])


def value(text: str) -> bytes:
    """As `piece`, quick for what most values are: a word or two, an address. It has no end of line in it."""
    raw = text.encode("utf-8", "replace")
    if not raw.translate(None, _PLAIN):
        return _plain(raw)
    if raw[0] != 46 and raw[-1] != 32 and len(raw) <= _ROOM and _ODD.search(text) is None:
        raw = b2a_qp(raw, istext=True)
        if len(raw) <= _ROOM:
            return raw + SOFT
    return piece(text)


def _plain(raw: bytes) -> bytes:
    """As `value`, of printable ASCII without blanks and equals signs."""
    if len(raw) <= _ROOM:
        return raw + SOFT if raw[0] != 46 else _line(raw) + SOFT
    lines = SOFT.join([raw[start : start + _ROOM] for start in range(0, len(raw), _ROOM)]) + SOFT
    return lines if raw[0] != 46 and b"\n." not in lines else _line(raw) + SOFT


@lru_cache(maxsize=16)
def begins_plainly(start: str) -> bool:
    """Whether addresses that begin so, and go on with a path of a letter and a token, are written by `address`."""
    raw = start.encode("utf-8", "replace")
    return len(raw) < _ROOM - 3 and not raw.translate(None, _PLAIN) and raw[:1] != b"."


def address(text: str) -> bytes:
    """As `value`, of an address that `begins_plainly`."""
    raw = text.encode("ascii")
    return SOFT.join([raw[start : start + _ROOM] for start in range(0, len(raw), _ROOM)]) + SOFT


def _line(raw: bytes) -> bytes:
    """One line, its blanks written out where another follows or the line ends."""
    if _ODD_BYTES.search(raw) is None:
        coded = b2a_qp(raw, istext=True).replace(b"=\n", SOFT)
        if coded[:1] != b"." and b"\n." not in coded:
            return coded
    return _slowly(raw)


def _slowly(raw: bytes) -> bytes:
    """As `_line`, of any bytes."""
    rows: list[bytes] = []
    row: list[bytes] = []
    room, before = _ROOM, 0
    for at, code in enumerate(raw):
        token = _WRITTEN[code]
        if code == 32 and (before == 32 or at == len(raw) - 1):
            token = _WRITTEN_BLANK
        if len(token) > room:
            rows.append(b"".join(row))
            row, room = [], _ROOM
        if code == 46 and not row:
            token = _DOT
        row.append(token)
        room -= len(token)
        before = code
    rows.append(b"".join(row))
    return SOFT.join(rows)
