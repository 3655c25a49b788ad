"""Reading files: encodings, delimiters, headers; and files that no import may choke on or half write."""

import io
import os
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from nurture.capture.model import Options, Reading
from nurture.capture.service import import_file, reading
from nurture.capture.tables import import_batches
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import InputError
from nurture.leads.model import FieldType
from nurture.leads.tables import leads
from tests.storage.imports import table, write

ROWS = [["Nguyễn Văn Đức", "duc@example.com", "0901234567"], ["Trần Thị Ước", "uoc@example.com", "0907654321"]]
HEADER = ("Họ và tên", "Thư điện tử", "SĐT")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """How a file is read is the same on every database."""
    return sqlite_url


@pytest.fixture
def read(context: Context, tmp_path: Path) -> Callable[[bytes], Reading]:
    """The reading of a file with this content."""

    def run(content: bytes) -> Reading:
        path = tmp_path / "file"
        path.write_bytes(content)
        return reading(context, path)

    return run


def _targets(found: Reading) -> list[str]:
    return [column.target for column in found.columns]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_and_delimiter_are_found(
    read: Callable[[bytes], Reading], encoding: str, delimiter: str
) -> None:  # fmt: skip
    """Vietnamese text arrives whole from what spreadsheets write."""
    found = read(table(ROWS, HEADER, delimiter).encode(encoding))
    assert found.delimiter == delimiter
    assert found.sample == tuple(map(tuple, ROWS))
    assert (_targets(found), found.header_line, found.rows) == (["name", "email", "phone"], 1, 2)


def test_windows_1258_is_the_fallback(context: Context, tmp_path: Path) -> None:
    """Its marks stand apart from their letters, and the name is composed all the same."""
    text = table([["Nguyê\u0303n Tha\u0300nh", "thanh@example.com"]], ("Ten", "Email"))
    import_file(context, write(tmp_path / "old.csv", text, "cp1258"), Options())
    with context.database.read() as conn:
        name = conn.execute(sa.select(leads.c.name)).scalar_one()
    assert name == "Nguyễn Thành"


def test_lines_above_the_header_are_passed_over(read: Callable[[bytes], Reading]) -> None:
    """A title and a blank line do not hide the columns; line numbers are the file's."""
    found = read(b"Report of May,,\n\nEmail,Name,Note\na@example.com,A,x\n")
    assert (found.header_line, found.rows) == (3, 1)
    assert _targets(found) == ["email", "name", "field:note"]


def test_a_file_without_header_is_read_by_what_it_holds(read: Callable[[bytes], Reading]) -> None:
    """Addresses and numbers are known by their look."""
    found = read(b"Lan,lan@example.com,0901234567\nMai,mai@example.com,0907654321\n")
    assert (found.header_line, found.rows) == (0, 2)
    assert _targets(found)[1:] == ["email", "phone"]


def test_excels_own_delimiter_line_is_understood(read: Callable[[bytes], Reading]) -> None:
    """`sep=;` is no row."""
    found = read(b"sep=;\nEmail;Name\na@example.com;A, B\n")
    assert (found.delimiter, found.rows, _targets(found)) == (";", 1, ["email", "name"])


def test_cells_of_several_lines_keep_line_numbers_right(context: Context, tmp_path: Path) -> None:
    """A refused row is named by the line it begins at."""
    path = write(tmp_path / "f.csv", 'Email,Note\na@example.com,"one\ntwo"\n\nbad,x\n')
    assert [row.line for row in import_file(context, path, Options()).refusals] == [5]


def test_rows_of_other_lengths(context: Context, tmp_path: Path) -> None:
    """A short row lacks its last cells; a long one is refused, since its cells may stand in the wrong columns."""
    path = write(tmp_path / "f.csv", "Email,Name,Size\na@example.com,A\nb@example.com,B,1,,\nc@example.com,C,1,2\n")
    result = import_file(context, path, Options())
    assert (result.created, [row.line for row in result.refusals]) == (2, [4])


def _workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    book.create_sheet("Second").append(["Email"])
    sheet.append([])
    sheet.append(["Họ và tên", "Email", "Điện thoại", "Ngày sinh", "Điểm", "VIP"])
    sheet.append(["Nguyễn Lan", "lan@example.com", 901234567, date(1990, 5, 17), 4.5, True])
    sheet.append(["Trần Mai", "mai@example.com", "0907654321", datetime(1991, 1, 2), 7, False])  # noqa: DTZ001
    sheet.append(["Lê Vi", "vi at example", None, None, None, None])
    book.save(path)
    return path


def test_a_workbook_is_read_like_a_text_file(context: Context, tmp_path: Path) -> None:
    """Numbers, dates and booleans keep their meaning; the refused row has its number."""
    path = _workbook(tmp_path / "leads.xlsx")
    found = reading(context, path)
    result = import_file(context, path, Options())
    with context.database.read() as conn:
        rows = conn.execute(sa.select(leads.c.phone, leads.c.fields).order_by(leads.c.email)).all()
    assert (found.format, found.header_line, found.rows) == ("xlsx", 2, 3)
    assert [column.type for column in found.columns[3:]] == [FieldType.DATE, FieldType.NUMBER, FieldType.YES_NO]
    assert (result.created, [row.line for row in result.refusals]) == (2, [5])
    assert [tuple(row) for row in rows] == [
        ("+84901234567", {"ngay_sinh": "1990-05-17", "diem": 4.5, "vip": True}),
        ("+84907654321", {"ngay_sinh": "1991-01-02", "diem": 7, "vip": False}),
    ]


def _changed(path: Path, name: str, text: Callable[[str], str]) -> bytes:
    """The workbook with one part rewritten."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, text(data.decode()).encode() if part == name else data)
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/a.xml", "w") as part:
        for _ in range(520):
            part.write(bytes(1 << 20))
    return out.getvalue()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files that are broken or meant to break something."""
    book = _workbook(tmp_path_factory.mktemp("book") / "b.xlsx")
    sheet = "xl/worksheets/sheet1.xml"
    return {
        "empty": b"",
        "blank": b"\n\n  \n",
        "only a mark": b"\xef\xbb\xbf",
        "header only": b"Email,Name\n",
        "nul characters": b"Email,Name\na@example.com,A\x00B\n",
        "half utf-8": "Email,Tên\na@example.com,Nguyễn Đức Ước\n".encode() + b"b@example.com,\xff\xfe\xfa\n",
        "marked but not utf-8": b"\xef\xbb\xbfEmail\n\xff@example.com\n",
        "odd utf-16": "Email\na@example.com\n".encode("utf-16") + b"\x00",
        "huge cell": b'Email,Note\na@example.com,"' + b"x" * 200_000 + b'"\n',
        "open quote": b'Email,Name\na@example.com,"A\nb@example.com,B\nc@example.com,C\n',
        "10,000 columns": ",".join(f"c{n}" for n in range(10_000)).encode() + b"\na@example.com\n",
        "no contact": b"Name,City\nLan,Hanoi\n",
        "old excel": b"\xd0\xcf\x11\xe0" + bytes(2000),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        "zip that is no workbook": _zip({"hello.txt": b"hello"}),
        "cut workbook": book.read_bytes()[:-300],
        "zip bomb": _bomb(),
        "far cell": _changed(book, sheet, lambda text: text.replace('r="F3"', 'r="XFD1048576"')),
        "far row in single quotes": _changed(book, sheet, lambda text: text.replace('<row r="5"', "<row r='1048576'")
                                             .replace('r="A5"', "r='XFD1048576'")),
        "long shared text": _shared_bomb(),
    }  # fmt: skip


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _shared_bomb() -> bytes:
    cells = '<c t="s"><v>0</v></c>' * 100
    rows = "".join(f'<row r="{n}">{cells}</row>' for n in range(1, 300))
    return _zip(
        {
            "xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>",
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode(),
        }
    )


@pytest.mark.parametrize(
    "name",
    ["empty", "blank", "only a mark", "header only", "nul characters", "half utf-8", "marked but not utf-8",
     "odd utf-16", "huge cell", "open quote", "10,000 columns", "no contact", "old excel", "picture",
     "zip that is no workbook", "cut workbook", "zip bomb", "far cell", "far row in single quotes", "long shared text"],
)  # fmt: skip
def test_a_hostile_file_is_refused_whole(
    context: Context, tmp_path: Path, hostile: dict[str, bytes], name: str
) -> None:  # fmt: skip
    """An error that names the file, and not one row written."""
    path = tmp_path / "hostile.csv"
    path.write_bytes(hostile[name])
    with pytest.raises(InputError) as caught:
        import_file(context, path, Options())
    assert caught.value.problems[0].file == "hostile.csv"
    _nothing_written(context.database)


def test_an_error_deep_in_the_file_leaves_nothing_behind(context: Context, tmp_path: Path) -> None:
    """The whole file is read before its first row is written; the line is named."""
    rows = "".join(f"a{n}@example.com,A\n" for n in range(2000))
    path = write(tmp_path / "f.csv", f'Email,Name\n{rows}b@example.com,"{"x" * 200_000}\n')
    with pytest.raises(InputError) as caught:
        import_file(context, path, Options())
    assert caught.value.problems[0].line == 2002
    _nothing_written(context.database)


def _nothing_written(database: Database) -> None:
    with database.read() as conn:
        for one in (import_batches, leads):
            assert conn.execute(sa.select(sa.func.count()).select_from(one)).scalar_one() == 0


def test_what_is_no_file_is_refused(context: Context, tmp_path: Path) -> None:
    """A missing file, a folder, a pipe."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.csv", tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError):
            import_file(context, path, Options())


def test_hostile_values_stay_text(context: Context, tmp_path: Path) -> None:
    """Markup, template code, line breaks and ten thousand characters come in as one bounded line."""
    names = ["<script>alert(1)</script>", "{{ 7*7 }}", "=?UTF-8?Q?=0A?=Bcc: x@evil.test", "a\r\nBcc: b", "x" * 10_000]
    rows = [[name, f"a{n}@example.com"] for n, name in enumerate(names)]
    import_file(context, write(tmp_path / "f.csv", table(rows, ("Name", "Email"))), Options())
    with context.database.read() as conn:
        kept = list(conn.execute(sa.select(leads.c.name).order_by(leads.c.email)).scalars())
    assert kept == [*names[:3], "a Bcc: b", "x" * 200]
