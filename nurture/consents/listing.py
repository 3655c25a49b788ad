"""A list of addresses or phone numbers that must not be reached, as a file or pasted. Pure.

One a line, or a table of which any column may hold them; what else stands there is passed over. The public list of
numbers that must not be advertised to is such a file.
"""

import csv
import io
import re
from dataclasses import dataclass

from nurture.leads.normalize import email_of, phone_of

LONGEST = 40_000_000  # characters
_MOBILE = re.compile(r"\+84[35789]\d{8}", re.ASCII)
_MARKS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Listed:
    """What was read: normalized addresses and numbers, and the numbers of the lines that hold neither."""

    addresses: tuple[str, ...]
    numbers: tuple[str, ...]
    unread: tuple[int, ...]


def read_list(text: str, *, numbers: bool = True, addresses: bool = True) -> Listed:
    """What the text lists; empty lines, comments (`#`) and a heading do not count as unread."""
    found_addresses: dict[str, None] = {}
    found_numbers: dict[str, None] = {}
    unread = []
    for line, cells in enumerate(_rows(text.lstrip("\ufeff")), 1):
        said = [cell for cell in (one.strip() for one in cells) if cell]
        if not said or said[0].startswith("#"):
            continue
        mails = [one for cell in said if "@" in cell and (one := email_of(cell))] if addresses else []
        phones = [one for cell in said if "@" not in cell and (one := phone_of(cell))] if numbers else []
        found_addresses.update(dict.fromkeys(mails))
        found_numbers.update(dict.fromkeys(sorted(phones, key=_likeness)[-1:]))
        if not mails and not phones and line > 1:
            unread.append(line)
    return Listed(tuple(found_addresses), tuple(found_numbers), tuple(unread))


def _likeness(number: str) -> tuple[bool, int]:
    """Of several cells of a row that read as numbers, dates among them: a mobile number before others, then length."""
    return _MOBILE.fullmatch(number) is not None, len(number)


def _rows(text: str) -> list[list[str]]:
    head = text[:4_000]
    mark = max(_MARKS, key=head.count)
    if not head.count(mark):
        return [[line] for line in text.splitlines()]
    return list(csv.reader(io.StringIO(text), delimiter=mark))
