"""Files with the traits of real exports, made for the tests."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

HEADER = (
    "Họ và tên",
    "Email",
    "Số điện thoại",
    "Thành phố",
    "Do Not Email",
    "Do Not Call",
    "Converted",
    "Số nhân viên",
)


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> str:
    """Rows as CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def write(path: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    """A text file of this encoding."""
    path.write_bytes(text.encode(encoding))
    return path


def many(count: int) -> list[list[str]]:
    """Rows of which each tenth repeats an address, each seventh has none, and some refuse or bought."""
    rows = []
    for n in range(count):
        email = "" if n % 7 == 3 else f"Lead{n - 5 if n % 10 == 9 else n}@Example.com "
        rows.append(
            [f"Nguyễn Văn {n}", email, f"09{n:08d}", "Select" if n % 3 else "Hà Nội", "Yes" if n % 11 == 0 else "No",
             "No", "1" if n % 4 == 0 else "0", str(n)]
        )  # fmt: skip
    return rows
