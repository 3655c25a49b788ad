"""Facts of a person as they are stored and searched."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from nurture.leads.normalize import (
    email_of,
    given_name_of,
    honorific_of,
    name_of,
    phone_of,
    search_text,
    search_words,
    source_of,
    tag_key,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Minh.Nguyen+tin@Example.COM ", "minh.nguyen+tin@example.com"),
        ("mailto:a@anphat.example", "a@anphat.example"),
        ("a@x.test", "a@x.test"),
        ("nguyễn@example.com", "nguyễn@example.com"),
        ("", None),
        ("a at example.com", None),
        ("a@localhost", None),
        ("a..b@example.com", None),
        ("a@-x.com", None),
        ("a@example.com, b@example.com", None),
        ("Minh <a@example.com>", None),
        ("a@example.com\r\nBcc: b@example.com", None),
        (f"{'a' * 65}@example.com", None),
        (f"a@{'b' * 250}.com", None),
    ],
)
def test_an_address_is_lower_case_or_none(text: str, address: str | None) -> None:
    """Reserved domains are accepted; what could not stand in an envelope is not."""
    assert email_of(text) == address


@given(st.text("ab.@-+_ A1é", max_size=12), st.sampled_from(["@example.com", "@A.b.example", "", "@x", "@münchen.de"]))
def test_the_quick_way_agrees_with_the_validator(local: str, domain: str) -> None:
    """Addresses that need no closer look get the same answer."""
    text = (local + domain).strip()
    try:
        slow = validate_email(text, check_deliverability=False, test_environment=True, strict=True).normalized.lower()
    except EmailNotValidError:
        slow = None
    assert email_of(text) == slow


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0901 234 567", "+84901234567"),
        ("+84 (901) 234.567", "+84901234567"),
        ("84901234567", "+84901234567"),
        ("901234567", "+84901234567"),
        ("028 7300 1234", "+842873001234"),
        ("+1 650 253 0000", "+16502530000"),
        ("12", None),
        ("", None),
        ("call me", None),
        ("0901234567 ext. 5", None),
        ("9" * 100, None),
    ],
)
def test_a_number_is_e164_or_none(text: str, number: str | None) -> None:
    """Local forms are Vietnam's."""
    assert phone_of(text) == number


@given(st.sampled_from(["0", "84", "+84", "+", "", "00", "840"]), st.text("0123456789", min_size=1, max_size=13))
def test_the_quick_way_agrees_with_phonenumbers(begin: str, digits: str) -> None:
    """Numbers read without the library are the numbers it gives: local ones, with the country's code, without the 0."""
    text = begin + digits
    try:
        parsed = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException:
        parsed = None
    possible = len(text) >= 6 and parsed is not None and phonenumbers.is_possible_number(parsed)
    slow = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible and parsed else None
    assert phone_of(text) == slow


def test_names_are_one_line_in_nfc() -> None:
    """Decomposed text is composed, and the given name is the last word."""
    name = name_of("  Nguye\u0302\u0303n\n Va\u0306n\tMinh ")
    assert name == "Nguyễn Văn Minh"
    assert given_name_of(name) == "Minh"
    assert given_name_of("") == ""


@pytest.mark.parametrize(
    ("text", "word"), [("Anh", "anh"), ("CHỊ", "chị"), ("ong", "ông"), ("Mrs.", "chị"), ("Nam", "anh"), ("Dr", "")]
)
def test_honorifics_are_understood(text: str, word: str) -> None:
    """Vietnamese ones, English ones, and genders."""
    assert honorific_of(text) == word


def test_sources_and_tags_fold_case() -> None:
    """`Google` and `google ` are one source; a tag that is a key stays it."""
    assert source_of(" Google ") == source_of("google")
    assert [tag_key(text) for text in ("do-not-nurture", "Khách VIP", "!!!", "Đã mua")] == [
        "do-not-nurture", "khach_vip", "", "da_mua",
    ]  # fmt: skip


def test_what_is_typed_is_found() -> None:
    """Without accents, by company, by number with or without its country."""
    text = search_text("Nguyễn Ðức", "duc@example.com", "+84901234567", "An Phát")
    for typed in ("nguyen duc", "ĐỨC", "an phat", "duc@example", "0901.234.567", "+84 901 234 567", "234567"):
        assert all(word in text for word in search_words(typed)), typed
    assert search_words("  ") == ()
