"""From the bytes of a text file to its rows: which encoding, which delimiter. Reads files; writes nothing.

A UTF-8 or UTF-16 mark is believed. Without one the file is UTF-8 if all of it decodes, UTF-16 if every other byte is
zero, and Windows-1258 (the Vietnamese code page) otherwise. The whole file is looked at before a row is used.
"""

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nurture.capture.model import Row
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_

LARGEST_FILE = 2 * 1024**3
LONGEST_CELL = 131_072
DELIMITERS = ",;\t|"
_BLOCK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file's content hash (SHA-256) and encoding."""

    file_hash: str
    encoding: str


def bad_file(path: Path, message: str, line: int = 0, **params: object) -> InputError:
    """An error of this file."""
    values = tuple((key, str(value)) for key, value in params.items())
    return InputError([Problem("bad_file", message, file=path.name, line=line, params=values)])


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Says what the system says about a file, as an error of that file."""
    try:
        yield
    except FileNotFoundError as error:
        raise bad_file(path, N_("There is no such file")) from error
    except IsADirectoryError as error:
        raise bad_file(path, N_("This is a folder, not a file")) from error
    except OSError as error:
        raise bad_file(path, N_("The file cannot be read: %(error)s"), error=error.strerror or error) from error


def blocks(path: Path) -> Generator[bytes, None, None]:
    """The file's bytes in blocks. InputError when it is missing, empty, a folder, or too large."""
    with opened(path):
        if path.is_dir():
            raise IsADirectoryError(path)
        size = path.stat().st_size
        if size == 0:
            raise bad_file(path, N_("The file is empty"))
        if size > LARGEST_FILE or not path.is_file():
            raise bad_file(path, N_("The file is too large, or not a plain file; split it"))
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def head_of(path: Path, length: int = 4096) -> bytes:
    """The first bytes of the file."""
    with closing(blocks(path)) as found:
        return next(found)[:length]


def hash_of(path: Path) -> str:
    """SHA-256 of the file."""
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest()


def encoding_of(path: Path) -> Encoded:
    """The file's hash and encoding. InputError when no encoding fits, or it is no text."""
    head = head_of(path)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is None and len(head) >= 4 and (head[1::2].count(0) * 2 > len(head[1::2])):
        marked = "utf-16-le"
    elif marked is None and len(head) >= 4 and (head[::2].count(0) * 2 > len(head[::2])):
        marked = "utf-16-be"
    first = marked or "utf-8"
    file_hash, flaw = _try(path, first)
    if flaw is None:
        return Encoded(file_hash, first)
    if marked or flaw.is_mixed:
        message = N_("The text is not %(encoding)s all through; save the file as CSV UTF-8")
        raise bad_file(path, message, flaw.line, encoding=first.removesuffix("-sig").upper())
    _, flaw = _try(path, "cp1258")
    if flaw is not None:
        raise bad_file(path, N_("The file's encoding is not known; save it as CSV UTF-8"), flaw.line)
    return Encoded(file_hash, "cp1258")


@dataclass(frozen=True, slots=True)
class _Flaw:
    line: int
    is_mixed: bool  # there was text beyond ASCII that did decode


def _try(path: Path, encoding: str) -> tuple[str, _Flaw | None]:
    """The file's hash, and where decoding it fails. InputError at a NUL character: it is no text."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)()
    line, beyond, flaw = 1, 0, None
    for block in blocks(path):
        digest.update(block)
        if flaw is not None:
            continue
        try:
            text = decoder.decode(block)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            known = block[:start].decode(encoding, "ignore")
            beyond += sum(1 for one in known if one > "\x7f")
            flaw = _Flaw(line + known.count("\n"), beyond > 2 and encoding == "utf-8")
            continue
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise bad_file(path, N_("This is no text file: it holds NUL characters"), line)
        line += text.count("\n")
        beyond += 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    if flaw is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            flaw = _Flaw(line, beyond > 2 and encoding == "utf-8")
    return digest.hexdigest(), flaw


def delimiter_of(path: Path, encoding: str) -> str:
    """The character that cuts most of the first lines into the same number of cells."""
    with opened(path), path.open(encoding=encoding, newline="", errors="replace") as file:
        text = file.read(256 * 1024)
    first = text.lstrip("\ufeff")[:6].lower()
    if first[:4] == "sep=" and first[4:5] in set(DELIMITERS):
        return first[4]
    best, delimiter = 0, ","
    lines = text.splitlines(keepends=True)[:100]
    for candidate in DELIMITERS:
        try:
            widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=candidate) if cells)
        except csv.Error:
            continue
        score = max((count * (width - 1) for width, count in widths.items()), default=0)
        if score > best:
            best, delimiter = score, candidate
    return delimiter


def csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """Every row that holds anything, with the line it starts at. InputError at a cell that never ends."""
    with opened(path), path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        line, cells = 1, [""]
        try:
            for cells in reader:
                if any(cells) and (line > 1 or not _says_delimiter(cells, delimiter)):
                    yield Row(line, cells)
                line = reader.line_num + 1
        except csv.Error as error:
            raise _endless(path, line) from error
        if cells and cells[-1].endswith("\n"):
            raise _endless(path, line - cells[-1].count("\n"))


def _says_delimiter(cells: list[str], delimiter: str) -> bool:
    """Whether this is the line `sep=;` that Excel understands."""
    return delimiter.join(cells).strip().lower() in {f"sep={delimiter}", "sep="}


def _endless(path: Path, line: int) -> InputError:
    message = N_("A cell is longer than %(most)s characters, or a quotation mark has no other half")
    return bad_file(path, message, max(line, 1), most=LONGEST_CELL)
