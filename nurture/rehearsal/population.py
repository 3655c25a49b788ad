"""Addresses of leads out of a file: one on a line, or the column of a CSV whose heading says so (reads the file)."""

import csv
from pathlib import Path

from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.leads.normalize import email_of
from nurture.rehearsal.model import wrong

_HEADINGS = frozenset({"email", "e-mail", "mail", "email address", "địa chỉ email"})


def read_addresses(path: Path) -> tuple[str, ...]:
    """The addresses of the file, each once. OutsideError when it cannot be read, InputError for what is no address."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OutsideError(N_("%(path)s cannot be read: %(error)s"), path=path, error=error) from error
    rows = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    column = 0
    if rows and not any(email_of(cell) for cell in rows[0]):
        names = [cell.strip().lower() for cell in rows[0]]
        column = next((number for number, name in enumerate(names) if name in _HEADINGS), 0)
        rows = rows[1:]
    found = []
    for number, row in enumerate(rows, 1):
        address = email_of(row[column]) if column < len(row) else None
        if address is None:
            raise wrong(N_("Row %(row)s of %(file)s has no email address"), row=number, file=path.name)
        found.append(address)
    return tuple(dict.fromkeys(found))
