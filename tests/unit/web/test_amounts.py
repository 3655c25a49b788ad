"""Amounts of money as people type them."""

import pytest

from nurture.web.amounts import read_amount, written


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("", "VND", None),
        ("  ", "VND", None),
        ("12500000", "VND", 12_500_000),
        ("12.500.000", "VND", 12_500_000),
        ("12,500,000", "VND", 12_500_000),
        ("12 500 000 ₫", "VND", 12_500_000),
        ("12,5 triệu", "VND", 12_500_000),
        ("12.5tr", "VND", 12_500_000),
        ("1,2 tỷ", "VND", 1_200_000_000),
        ("500k", "VND", 500_000),
        ("1.500", "VND", 1_500),
        ("1.500 triệu", "VND", 1_500_000),  # beside a word a single mark is a decimal one
        ("99.90", "EUR", 9_990),
        ("1,299.90 $", "EUR", 129_990),
        ("0", "VND", 0),
    ],
)
def test_an_amount_is_read_as_people_mean_it(text: str, currency: str, minor: int | None) -> None:
    """Points and commas group or divide by where they stand."""
    assert read_amount(text, currency) == minor


@pytest.mark.parametrize("text", ["mười triệu", "12.50.000", "1.5", "-5", "1e9", "12 bò", ".", "<script>"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Half a đồng is none either."""
    with pytest.raises(ValueError, match=r".*"):
        read_amount(text, "VND")


@pytest.mark.parametrize(("minor", "currency", "text"), [
    (None, "VND", ""), (12_500_000, "VND", "12.500.000"), (129_990, "EUR", "1299,90"), (129_900, "EUR", "1.299"),
])  # fmt: skip
def test_an_amount_in_a_field_reads_back_as_itself(minor: int | None, currency: str, text: str) -> None:
    """What stands in the field may be sent as it is."""
    assert written(minor, currency) == text
    assert read_amount(text, currency) == minor
