"""The file of refused rows."""

import csv
import io

import pytest

from nurture.capture.drafts import NO_ADDRESS
from nurture.capture.model import Refused
from nurture.capture.refused import as_csv, harmless


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


def test_each_row_has_line_column_value_and_reason_in_words() -> None:
    """Separators and quotation marks in values do not shift the columns."""
    text = as_csv([Refused(3, "Email", 'a,"b"', NO_ADDRESS)], "vi")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][:3] == ["3", "Email", 'a,"b"']
    assert rows[1][3] != NO_ADDRESS
