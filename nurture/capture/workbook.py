"""The rows of an XLSX workbook's first sheet that has any. Reads files; writes nothing.

A workbook is a ZIP of XML, so it is weighed before it is opened: parts that unpack to more than they may, or sheets
whose cells repeat a long text a million times, are refused. Formulas give their stored values.
"""

import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from nurture.capture.decode import bad_file, opened
from nurture.capture.model import Row
from nurture.kernel.errors import InputError
from nurture.kernel.i18n import N_

MOST_BYTES = 512 * 1024**2  # unpacked
MOST_TEXT = 512 * 1024**2  # in all cells, shared texts counted each time
MOST_CELLS = 20_000_000  # of the rectangle that holds all cells
MOST_PARTS = 5_000
LONGEST_CELL = 32_767  # Excel's own bound
_BLOCK = 1 << 20
_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]{0,200}?\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]{0,200}?\br=["']([0-9]{1,7})["']""")
_SHARED = re.compile(rb"""\bt=["']s["'][^>]*>\s*<(?:\w+:)?v>\s*([0-9]{1,9})""")


# NotImplementedError is zipfile's word for a compression it does not know.
_DAMAGED = (CalamineError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError)


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins so is a ZIP, as XLSX is."""
    return head.startswith(b"PK\x03\x04")


def workbook_rows(path: Path) -> Iterator[Row]:
    """Every row that holds anything, with its number in the sheet. InputError when it is damaged or too heavy."""
    try:
        with opened(path):
            _weigh(path)
            with CalamineWorkbook.from_path(path) as book:
                yield from _rows(path, book)
    except _DAMAGED as error:
        raise bad_file(path, N_("This is no XLSX workbook, or it is damaged or locked by a password")) from error


def _rows(path: Path, book: CalamineWorkbook) -> Iterator[Row]:
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        start = sheet.start
        if start is None or sheet.total_height == 0:
            continue
        for number, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
            texts = [_text(cell) for cell in cells]
            if any(texts):
                yield Row(number, texts)
        return
    raise bad_file(path, N_("The workbook has no sheet with anything in it"))


def _text(value: Any) -> str:
    """A cell as the text a CSV file would have."""
    match value:
        case str():
            return value[:LONGEST_CELL]
        case bool():
            return "yes" if value else "no"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            midnight = value.time() == time(0)
            return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return "" if value is None else str(value)


def _weigh(path: Path) -> None:
    """InputError when the workbook would take too much memory."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
            raise _too_heavy(path)
        lengths = array("L")
        sheets = []
        for part in parts:
            name = part.filename.lower()
            if name.endswith("sharedstrings.xml"):
                lengths = _lengths(archive, part)
            elif "/worksheets/" in name and name.endswith(".xml"):
                sheets.append(part)
            else:
                _unpack(archive, part)
        text = 0
        for part in sheets:
            cells, more = _extent(archive, part, lengths)
            text += more
            if cells > MOST_CELLS or text > MOST_TEXT:
                raise _too_heavy(path)


def _too_heavy(path: Path) -> InputError:
    return bad_file(path, N_("The workbook would take too much memory; save the sheet as CSV UTF-8"))


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            yield block


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack a part to nowhere: BadZipFile when it is not what it says it is."""
    for _ in _unpacked(archive, part):
        continue


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo, lengths: Sequence[int]) -> tuple[int, int]:
    """Cells of the rectangle around all cells of a sheet, and the bytes of the shared texts they name."""
    right, bottom, text, rest = 1, 1, 0, b""
    for block in _unpacked(archive, part):
        seen = rest + block
        cut = max(seen.rfind(b"</"), 0)
        seen, rest = seen[:cut], seen[cut:][-65_536:]
        for column, row in _CELL.findall(seen):
            right, bottom = max(right, _number(column)), max(bottom, int(row))
        bottom = max(bottom, *map(int, _ROW.findall(seen)), 1)
        text += sum(lengths[index] for found in _SHARED.findall(seen) if (index := int(found)) < len(lengths))
    return right * bottom, text


def _number(column: bytes) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _lengths(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> "array[int]":
    """How many bytes of XML each shared text has."""
    lengths, since, rest = array("L"), 0, b""
    for block in _unpacked(archive, part):
        pieces = (rest + block).split(b"</si>")
        for piece in pieces[:-1]:
            lengths.append(since + len(piece))
            since = 0
        rest = pieces[-1][-5:]
        since += len(pieces[-1]) - len(rest)
    return lengths
