"""A text message has parts: few letters with Vietnamese marks, more without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.outbound.parts import measure, tidy


@pytest.mark.parametrize(
    ("text", "unicode", "units", "parts"),
    [
        pytest.param("", False, 0, 0, id="nothing"),
        pytest.param("a" * 160, False, 160, 1, id="one part"),
        pytest.param("a" * 161, False, 161, 2, id="two"),
        pytest.param("a" * 306, False, 306, 2, id="two full"),
        pytest.param("a" * 307, False, 307, 3, id="three"),
        pytest.param("€" * 80, False, 160, 1, id="letters of two"),
        pytest.param("a" * 152 + "€" + "a" * 152, False, 306, 3, id="a letter of two is not torn apart"),
        pytest.param("ế" * 70, True, 70, 1, id="Vietnamese, one part"),
        pytest.param("ế" * 71, True, 71, 2, id="Vietnamese, two"),
        pytest.param("ế" * 134, True, 134, 2, id="Vietnamese, two full"),
        pytest.param("😀" * 35, True, 70, 1, id="pairs"),
        pytest.param("ç", True, 1, 1, id="the small letter is not in it"),
        pytest.param("Ç à é", False, 5, 1, id="those that are"),
    ],
)
def test_the_parts_of_a_text(text: str, units: int, parts: int, *, unicode: bool) -> None:
    """3GPP TS 23.038."""
    found = measure(text)
    assert (found.unicode, found.units, found.parts) == (unicode, units, parts)


@given(st.text(max_size=400))
def test_parts_grow_with_the_text(text: str) -> None:
    """Never fewer than the units ask for, and a letter more never means fewer parts."""
    found = measure(text)
    assert found.parts >= -(-found.units // (70 if found.unicode else 160)) * bool(text) or found.units == 0
    assert measure(text + "a").parts >= found.parts


@given(st.text(max_size=200))
def test_nothing_unseen_goes_out(text: str) -> None:
    """No control character but the line's end, no mark that turns the text around; a second time changes nothing."""
    found = tidy(text)
    assert all(c.isprintable() or c == "\n" or ord(c) > 127 for c in found)
    assert not {"\u202e", "\u200b", "\x00", "\r"} & set(found)
    assert tidy(found) == found
