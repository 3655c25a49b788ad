"""From cells to what they say."""

from typing import Any

import pytest

from nurture.capture.drafts import NO_ADDRESS, NO_CONTACT, TOO_MANY_CELLS, Drafter
from nurture.capture.model import Column, Draft, Options, Reading, Refused, Row
from nurture.consents.model import Channel
from nurture.leads.model import FieldType


def _read(targets: list[str], cells: list[str], **options: Any) -> Draft | Refused:
    columns = tuple(
        Column(index, f"H{index}", target, FieldType.NUMBER if target.startswith("field:") else None)
        for index, target in enumerate(targets)
    )
    reading = Reading("f.csv", "", "csv", "utf-8", ",", 1, columns, (), 1)
    return Drafter(reading, Options(**options)).read(Row(7, cells))


def _draft(targets: list[str], cells: list[str], **options: Any) -> Draft:
    found = _read(targets, cells, **options)
    assert isinstance(found, Draft)
    return found


def test_family_and_given_names_are_joined_in_that_order() -> None:
    """As Vietnamese names are written."""
    facts = _draft(["given_name", "family_name", "email"], ["Minh", "Nguyễn Văn", "a@example.com"]).facts
    assert (facts["name"], facts["given_name"]) == ("Nguyễn Văn Minh", "Minh")


@pytest.mark.parametrize(
    ("text", "refuses"), [("Yes", True), ("có", True), ("2024-05-01", True), ("No", False), ("0", False), ("", False)]
)
def test_whatever_is_no_clear_no_refuses(text: str, refuses: bool) -> None:
    """A date in `Unsubscribed` means that they did."""
    assert (Channel.EMAIL in _draft(["email", "no_email"], ["a@example.com", text]).refuses) is refuses


def test_tags_are_split_and_added_to_those_for_all() -> None:
    """At commas, semicolons and bars."""
    tags = _draft(["email", "tags"], ["a@example.com", "VIP, Hội chợ;vip"], tags=("Tháng 5",)).tags
    assert sorted(tags) == ["hoi_cho", "thang_5", "vip"]


def test_the_source_of_the_row_goes_before_that_for_all() -> None:
    """The option fills what the file leaves blank."""
    assert _draft(["email", "source"], ["a@example.com", "Google"], source="Fair").facts["source"] == "google"
    assert _draft(["email", "source"], ["a@example.com", "Select"], source="Fair").facts["source"] == "fair"


def test_misfits_are_counted_and_the_row_stays() -> None:
    """An impossible number or a text in a number field."""
    draft = _draft(["email", "phone", "field:size"], ["a@example.com", "12", "big"])
    assert (draft.dropped, draft.facts) == (2, {})


@pytest.mark.parametrize(
    ("cells", "options", "refused"),
    [
        (["bad", "0901234567"], {}, Refused(7, "H0", "bad", NO_ADDRESS)),
        (["", ""], {"keep_phone_only": True}, Refused(7, "H1", "", NO_CONTACT)),
        (["bad", ""], {"keep_phone_only": True}, Refused(7, "H0", "bad", NO_CONTACT)),
        (["", "12"], {"keep_phone_only": True}, Refused(7, "H1", "12", NO_CONTACT)),
        (["a@example.com", "", "", "x"], {}, Refused(7, "", "x", TOO_MANY_CELLS)),
    ],
)
def test_a_refused_row_says_which_value_and_why(cells: list[str], options: dict[str, Any], refused: Refused) -> None:
    """With its column."""
    assert _read(["email", "phone"], cells, **options) == refused


def test_many_rows_at_once_are_read_as_one_by_one() -> None:
    """Short ones, long ones, and those that are refused among them; what was read before changes no answer."""
    targets = ["name", "email", "phone", "no_email", "consent", "tags", "field:size", "converted", "source"]
    columns = tuple(
        Column(index, f"H{index}", target, FieldType.NUMBER if target.startswith("field:") else None)
        for index, target in enumerate(targets)
    )
    reading = Reading("f.csv", "", "csv", "utf-8", ",", 1, columns, (), 1)
    whole = ["Nguyễn Lan", "lan@example.com", "0901 234 567", "No", "Có", "VIP, vip", "12", "1", "Google"]
    cells = [
        whole, whole[:2], [*whole, "x"], [*whole, " ", ""], ["", "bad"], [*whole[:6], "big"], [""], whole,
        ["A", "", "0901234567", "Yes"], [*whole[:3], "2024-05-01", "Không", "", "7", "0", "Select"],
    ]  # fmt: skip
    rows = [Row(line, one) for line, one in enumerate(cells, start=2)]
    for options in (Options(), Options(keep_phone_only=True, tags=("Tháng 5",), source="Fair")):
        together = Drafter(reading, options).read_all(rows)
        assert together == [Drafter(reading, options).read(row) for row in rows]
        assert {type(one) for one in together} == {Draft, Refused}
