"""The file of refused rows."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.capture.drafts import NO_ADDRESS, TOO_MANY_CELLS
from nurture.capture.headers import is_refused_file
from nurture.capture.model import Refused, Row
from nurture.capture.refused import as_it_was, harmless, table_of, write_refused


@pytest.mark.parametrize(
    "text", ["=1+1", "+84901", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\ufeff=1", "\xa0=1", "\uff1d1"]
)
def test_a_formula_becomes_text(text: str) -> None:
    """An apostrophe stands before it."""
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a;=1+1", "a;  =1+1", "a|@x", "a,b\t-1"])
def test_a_formula_behind_another_separator_becomes_text(text: str) -> None:
    """A spreadsheet set to semicolons begins a cell there."""
    assert harmless(text).count("'") == 1
    assert not any(cell.strip().startswith(("=", "-", "@")) for cell in harmless(text).replace("|", ";").split(";"))


def test_plain_text_stays() -> None:
    """Nothing is added to it."""
    assert harmless("a=b") == "a=b"


@given(st.text(st.sampled_from("'=+@-;, |\t\n\ufeffaĐ\xa0"), max_size=40))
@example("'=1")
@example("''+84901")
@example("a;'=1")
@example(";" + "\t" * 25 + "=")
@example("\ufeff\n=")
def test_the_marks_come_off_again(text: str) -> None:
    """What is read back is what stood in the first file, apostrophes of its own included."""
    assert as_it_was(harmless(text)) == text


NAMES = ["Email", "Ghi chú"]


def test_a_row_stands_whole_before_its_line_and_reason() -> None:
    """All cells in the order of the file, also those that carry no header; nothing else of the file."""
    rows = [Row(2, ["a@example.com", ""]), Row(3, ["=x", 'a,"b"']), Row(5, ["b", "c", "too", "far"])]
    refused = [Refused(3, "Email", "=x", NO_ADDRESS), Refused(5, "", "too far", TOO_MANY_CELLS)]
    table = list(table_of(rows, NAMES, refused, "en"))
    assert table == [
        ["Email", "Ghi chú", "Refused: line", "Refused: reason"],
        ["'=x", 'a,"b"', "3", f"Email: {NO_ADDRESS}"],
        ["b", "c", "5", TOO_MANY_CELLS, "too", "far"],
    ]


def test_line_and_reason_are_in_the_language_of_the_installation() -> None:
    """A Vietnamese installation says them in Vietnamese, and either is known again."""
    rows, refused = [Row(3, ["x"])], [Refused(3, "Email", "x", NO_ADDRESS)]
    header, row = table_of(rows, ["Email"], refused, "vi")
    assert header == ["Email", "Không nhập được: dòng", "Không nhập được: lý do"]
    assert row[2].startswith("Email: Không")
    assert is_refused_file(header)


def test_a_header_runs_no_formula_either() -> None:
    """It comes from the same file."""
    assert next(table_of([], ["=1+1"], [], "en"))[0] == "'=1+1"


@pytest.mark.parametrize(("delimiter", "written"), [(",", ","), (";", ";"), ("\t", ","), ("", ",")])
def test_the_file_opens_where_the_first_one_did(tmp_path: Path, delimiter: str, written: str) -> None:
    """UTF-8 with a mark, the same separator where a spreadsheet takes it for CSV."""
    path = write_refused(tmp_path / "x.csv", [["Họ", "Tên"]], delimiter)
    assert path.read_bytes() == b"\xef\xbb\xbf" + f"Họ{written}Tên\r\n".encode()
