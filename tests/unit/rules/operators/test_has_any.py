"""`has_any`: one of these is in the list, case and accents aside."""

import unicodedata

import pytest

from tests.unit.rules.ask import holds


@pytest.mark.parametrize(
    ("likes", "expected"),
    [
        (["Cà phê", "Trà"], True),
        ([unicodedata.normalize("NFD", "BÁNH MÌ"), "ca phe", "Phở"], True),
        (["Cà phê sữa"], False),  # another text
        ([], False),
        (None, False),
        ("Cà phê", False),  # no list
    ],
)
def test_the_texts_of_a_list(likes: object, expected: bool) -> None:
    """Each text is compared as a whole."""
    assert holds({"field": "likes", "has_any": ["bánh mì", "Cà Phê"]}, {"likes": likes}) is expected
