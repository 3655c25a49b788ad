"""Reading lists of addresses and numbers that must not be reached."""

import pytest

from nurture.consents.listing import read_list


@pytest.mark.parametrize(
    ("text", "addresses", "numbers", "unread"),
    [
        ("0901234567\n+84 902 345 678\n", (), ("+84901234567", "+84902345678"), ()),
        ("\ufeffSố thuê bao\n0901 234 567\n\n# of May\n0901234567\n", (), ("+84901234567",), ()),
        ("STT;Số;Ngày\n1;0901234567;2026-01-02\n", (), ("+84901234567",), ()),
        ("MAI@Anphat.Example\nnonsense\nlan@anphat.example\n", ("mai@anphat.example", "lan@anphat.example"), (), (2,)),
        ('email,phone\n"mai@anphat.example",0901234567\n', ("mai@anphat.example",), ("+84901234567",), ()),
        ("", (), (), ()),
    ],
    ids=["numbers", "heading, comment, twice", "table", "addresses", "both", "nothing"],
)
def test_whatever_stands_in_it_is_found(
    text: str, addresses: tuple[str, ...], numbers: tuple[str, ...], unread: tuple[int, ...]
) -> None:
    """In the forms in which such lists come."""
    found = read_list(text)
    assert (found.addresses, found.numbers, found.unread) == (addresses, numbers, unread)
