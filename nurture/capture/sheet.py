"""A file as a table: its reading (format, encoding, header, columns) and its rows. Reads files; writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import dropwhile, islice
from pathlib import Path

from nurture.capture import headers
from nurture.capture.decode import bad_file, csv_rows, delimiter_of, encoding_of, hash_of, head_of
from nurture.capture.model import Reading, Row
from nurture.capture.refused import as_it_was
from nurture.capture.workbook import is_workbook, workbook_rows
from nurture.kernel.errors import InputError
from nurture.kernel.i18n import N_
from nurture.kernel.text import clean
from nurture.leads.fields import Inference
from nurture.leads.model import FieldDefinition

MOST_COLUMNS = 500
SAMPLE = 5
_BLOCK = 500
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be gone through any number of times."""

    path: Path
    format: str
    file_hash: str
    encoding: str
    delimiter: str
    header: Row | None
    of_refused: bool = False  # rows that an earlier import refused, mended since

    def all_rows(self) -> Iterator[Row]:
        """Every row, header and what stands above it included."""
        if self.format == "xlsx":
            found = workbook_rows(self.path)
        else:
            found = csv_rows(self.path, self.encoding, self.delimiter)
        return (Row(row.line, [as_it_was(cell) for cell in row.cells]) for row in found) if self.of_refused else found

    def rows(self) -> Iterator[Row]:
        """The rows below the header."""
        if self.header is None:
            return self.all_rows()
        line = self.header.line
        return dropwhile(lambda row: row.line <= line, self.all_rows())


def open_sheet(path: Path) -> Sheet:
    """The file as a table. InputError when it is missing, empty, no table, or too wide."""
    head = head_of(path)
    if head.startswith(_OLD_EXCEL):
        raise bad_file(path, N_("This is an old or locked Excel workbook; save it as XLSX without a password"))
    if is_workbook(head):
        bare = Sheet(path, "xlsx", hash_of(path), "", "", None)
    else:
        encoded = encoding_of(path)
        delimiter = delimiter_of(path, encoded.encoding)
        bare = Sheet(path, "csv", encoded.file_hash, encoded.encoding, delimiter, None)
    first = list(islice(bare.all_rows(), 20))
    if not first:
        raise bad_file(path, N_("The file is empty"))
    at = headers.header_at(first)
    if at is None:
        return bare
    if headers.is_refused_file(first[at].cells):
        return replace(bare, header=_without_overhang(first[at]), of_refused=True)
    return replace(bare, header=first[at])


def _without_overhang(header: Row) -> Row:
    """The header of a file of refused rows; what stood too far right in a row has no header, here as there."""
    width = max(at for at, cell in enumerate(header.cells, start=1) if cell.strip())
    return Row(header.line, [as_it_was(cell) for cell in header.cells[:width]])


def read_sheet(
    sheet: Sheet,
    mapping: Mapping[str, str],
    kept: Mapping[str, str],
    definitions: Mapping[str, FieldDefinition],
) -> Reading:
    """The whole file looked at once: how it is understood, and that all of it can be read."""
    width = len(sheet.header.cells) if sheet.header else 0
    sample: list[Row] = []
    seen: list[Inference] = []
    count = 0
    rows = sheet.rows()
    while block := list(islice(rows, _BLOCK)):
        if not count:
            width = width or max(len(row.cells) for row in block)
            _check_width(sheet.path, width)
            seen = [Inference() for _ in range(width)]
            sample = block[:SAMPLE]
        count += len(block)
        padded = [
            row.cells if len(row.cells) >= width else row.cells + [""] * (width - len(row.cells)) for row in block
        ]
        for inference, values in zip(seen, zip(*padded, strict=False), strict=False):
            if inference.is_open:
                told = {text: headers.tidy(text) for text in set(values)}
                inference.add([told[text] for text in values])
    if not count:
        raise bad_file(sheet.path, N_("The file has a header and no rows"))
    names = headers.headers_of(sheet.header, width)
    columns = headers.columns_of(names, headers.targets_of(names, mapping, kept, seen), seen, definitions)
    return Reading(
        file_name=clean(sheet.path.name, 200), file_hash=sheet.file_hash, format=sheet.format, encoding=sheet.encoding,
        delimiter=sheet.delimiter, header_line=sheet.header.line if sheet.header else 0, columns=columns,
        sample=tuple(tuple(clean(text, 200) for text in row.cells[:width]) for row in sample), rows=count,
    )  # fmt: skip


def _check_width(path: Path, width: int) -> None:
    if width > MOST_COLUMNS:
        message = N_("The file has %(columns)s columns; the most is %(most)s")
        raise bad_file(path, message, columns=width, most=MOST_COLUMNS)


def need_contact(reading: Reading) -> None:
    """InputError when no column can hold an address or a phone number."""
    if not any(column.target in {"email", "phone"} for column in reading.columns):
        shown = ", ".join(column.header for column in reading.columns[:30])
        message = N_("No column holds an email address or a phone number; the columns are: %(columns)s")
        raise InputError([bad_file(Path(reading.file_name), message, columns=shown).problems[0]])
