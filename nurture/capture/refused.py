"""The file of refused rows: line, column, value, reason, in the language of the installation. Writes one file.

A value that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV injection").
"""

import csv
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

from nurture.capture.model import Refused
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_, translate

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BLANKS = r"[\s\ufeff\u200b]{0,20}"
_FIRST = re.compile(rf"[\t\r\n]|{_BLANKS}[{_SIGNS}]")
# Behind what a program set to another separator takes for the end of a cell.
_BEHIND = re.compile(rf"(?<=[;,|\t\r\n])({_BLANKS}[{_SIGNS}])")
_HEADERS = (N_("line"), N_("column"), N_("value"), N_("reason"))


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    start = len(text) - len(text.lstrip())
    rest = _BEHIND.sub(r"'\1", text[start:])
    mark = "'" if _FIRST.match(text) else ""
    return mark + text[:start] + rest


def as_csv(rows: Iterable[Refused], language: str) -> str:
    """The refused rows as CSV text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([translate(language, header) for header in _HEADERS])
    for row in rows:
        reason = translate(language, row.reason)
        writer.writerow([row.line, harmless(row.column), harmless(row.value), reason])
    return out.getvalue()


def write_refused(path: Path, rows: Iterable[Refused], language: str) -> Path:
    """Write the file whole, for its owner's eyes only. OutsideError when the disk does not take it."""
    draft = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            file.write(as_csv(rows, language))
        draft.replace(path)
    except OSError as error:
        raise OutsideError(
            N_("The file of refused rows %(path)s cannot be written: %(error)s"), path=path, error=error
        ) from error
    return path
