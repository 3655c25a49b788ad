"""Which column is what."""

import pytest

from nurture.capture.headers import columns_of, header_at, headers_of, plain, targets_of, tidy
from nurture.capture.model import Row
from nurture.kernel.errors import InputError
from nurture.leads.fields import Inference
from nurture.leads.model import FieldDefinition, FieldType


def _seen(*columns: list[str]) -> list[Inference]:
    found = []
    for values in columns:
        one = Inference()
        one.add(values)
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Họ và tên", "name"), ("FULL NAME", "name"), ("Họ", "family_name"), ("First Name", "given_name"),
        ("E-mail", "email"), ("Thư điện tử", "email"), ("SĐT *", "phone"), ("Số điện thoại", "phone"),
        ("Công ty", "company"), ("Tỉnh/Thành phố", "city"), ("Lead Source", "source"), ("Nguồn", "source"),
        ("Danh xưng", "honorific"), ("Thẻ", "tags"), ("Do Not Email", "no_email"), ("Do Not Call", "no_call"),
        ("Converted", "converted"), ("Đồng ý nhận tin", "consent"),
        ("Receive More Updates About Our Courses", None), ("I agree to pay the amount through cheque", None),
        ("Last Activity", None), ("Ghi chú", None),
    ],
)  # fmt: skip
def test_headers_in_both_languages(header: str, target: str | None) -> None:
    """Only whole headers are understood; a yes/no column that sounds alike is a plain field."""
    assert targets_of([header], {}, {}, _seen(["x"])) == [target]


def test_the_callers_word_wins_then_the_kept_one() -> None:
    """And a target stands once."""
    headers = ["Email", "Email 2", "Ghi chú"]
    seen = _seen(["x"], ["x"], ["x"])
    assert targets_of(headers, {"Email 2": "email"}, {"email": "skip", "ghi chu": "tags"}, seen) == [
        "skip", "email", "tags",
    ]  # fmt: skip
    assert targets_of(["Email", "Mail"], {}, {}, _seen(["x"], ["x"])) == ["email", None]


def test_columns_are_known_by_what_they_hold() -> None:
    """When no header says where the addresses are."""
    seen = _seen(["Lan", "Mai"], ["0901234567", "0907654321"], ["lan@example.com", "", "mai@example.com"])
    assert targets_of(["A", "B", "C"], {}, {}, seen) == [None, "phone", "email"]


def test_every_flaw_of_a_mapping_is_named() -> None:
    """Columns that are not there and targets that do not exist."""
    with pytest.raises(InputError) as caught:
        targets_of(["Email"], {"Nobody": "name", "Email": "field:Not A Key"}, {}, _seen(["x"]))
    assert [problem.code for problem in caught.value.problems] == ["no_column", "no_target"]


def test_unknown_columns_become_fields_of_their_own() -> None:
    """Keys are unlike each other and unlike the lead's own facts; an empty column makes none."""
    definitions = {"team_size": FieldDefinition("team_size", "Số người", FieldType.TEXT)}
    headers = ["Ghi chú", "Ghi chú!", "Fit", "Số người", "Trống", "???"]
    seen = _seen(["a"], ["b"], ["1"], ["12"], [""], ["x"])
    columns = columns_of(headers, [None] * 6, seen, definitions)
    assert [column.target for column in columns] == [
        "field:ghi_chu", "field:ghi_chu_2", "field:fit_field", "field:team_size", "skip", "field:field",
    ]  # fmt: skip
    assert [column.type for column in columns[2:4]] == [FieldType.NUMBER, FieldType.TEXT]


@pytest.mark.parametrize(
    ("rows", "at"),
    [
        ([["Email", "Name"], ["a@example.com", "A"]], 0),
        ([["Report"], ["Email", "Name"], ["a@example.com", "A"]], 1),
        ([["Lan", "lan@example.com"]], None),
        ([["Foo", "Bar"], ["x", "y"]], 0),
        ([["a@example.com", "A"], ["b@example.com", "Name"]], None),
        ([], None),
    ],
    ids=["first", "below a title", "none", "unknown words", "a value like a header", "nothing"],
)
def test_where_the_header_is(rows: list[list[str]], at: int | None) -> None:
    """The row that names most facts; data do not pass for one."""
    assert header_at([Row(n, cells) for n, cells in enumerate(rows, 1)]) == at


def test_nameless_columns_are_numbered() -> None:
    """So that each can be mapped."""
    assert headers_of(Row(1, ["Email", " "]), 3) == ["Email", "Column 2", "Column 3"]


def test_select_and_blanks_are_missing() -> None:
    """In any case, and nothing longer."""
    assert [tidy(text) for text in (" Select ", "SELECT", "  ", "Selected", " x ")] == ["", "", "", "Selected", "x"]
    assert plain("  Họ và tên (*) ") == "ho va ten"
