"""The file of refused rows: each whole, as it stood in its file, then its line and the reason. Writes one file.

A person mends the rows there and imports that very file: the columns added are known again and left out, and the marks
that keep a value from running as a formula are taken off (OWASP, "CSV injection").
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nurture.capture.headers import ADDED
from nurture.capture.model import Refused, Row
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_, translate

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_RUNS = rf"[\s\ufeff\u200b]{{0,20}}[{_SIGNS}]"
# Apostrophes before it count as part of it, so that taking one off again gives back what was there.
_FIRST = re.compile(rf"'*(?:[\t\r\n]|{_RUNS})")
# Behind what a program set to another separator takes for the end of a cell.
_BEHIND = re.compile(rf"(?<=[;,|\t\r\n])('*{_RUNS})")
_MARKED_BEHIND = re.compile(rf"(?<=[;,|\t\r\n])'('*{_RUNS})")


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs: an apostrophe stands before each formula."""
    mark = "'" if _FIRST.match(text) else ""
    return mark + _beyond_blanks(_BEHIND, r"'\1", text)


def as_it_was(text: str) -> str:
    """The text that `harmless` was given."""
    if text.startswith("'") and _FIRST.match(bare := _beyond_blanks(_MARKED_BEHIND, r"\1", text[1:])):
        return bare
    return _beyond_blanks(_MARKED_BEHIND, r"\1", text)


def _beyond_blanks(pattern: re.Pattern[str], by: str, text: str) -> str:
    start = len(text) - len(text.lstrip())
    return text[:start] + pattern.sub(by, text[start:])


def table_of(
    rows: Iterable[Row], names: Sequence[str | None], refused: Iterable[Refused], language: str
) -> Iterator[list[str]]:
    """The header, then those rows that were refused; columns named None are left out.

    Cells beyond the last column follow at the end, again without a header.
    """
    why = {one.line: one for one in refused}
    shown = [index for index, name in enumerate(names) if name is not None]
    yield [harmless(name) for name in names if name is not None] + [translate(language, name) for name in ADDED]
    for row in rows:
        if (one := why.get(row.line)) is not None:
            cells = [row.cells[index] if index < len(row.cells) else "" for index in shown]
            reason = translate(language, one.reason)
            told = f"{one.column}: {reason}" if one.column else reason
            yield [*map(harmless, cells), str(row.line), harmless(told), *map(harmless, row.cells[len(names) :])]


def write_refused(path: Path, table: Iterable[Sequence[str]], delimiter: str) -> Path:
    """Write the file whole, for its owner's eyes only. OutsideError when the disk does not take it.

    UTF-8 with its mark and the separator of the file it came from: what that person's spreadsheet opens by itself.
    """
    draft = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";" if delimiter == ";" else ",").writerows(table)
        draft.replace(path)
    except OSError as error:
        raise OutsideError(
            N_("The file of refused rows %(path)s cannot be written: %(error)s"), path=path, error=error
        ) from error
    return path
