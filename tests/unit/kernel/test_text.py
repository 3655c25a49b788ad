"""Text as people search it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.text import clean, fold, in_language, is_key, to_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Nguyễn Đức", "nguyen duc"),
        ("NGUYỄN", "nguyen"),
        ("Nguye\u0302\u0303n", "nguyen"),
        ("  Hồ   Minh\tHương ", "ho minh huong"),
        ("Straße", "strasse"),
        ("", ""),
    ],
)
def test_text_folds_as_people_search(text: str, folded: str) -> None:
    """No case, no diacritics, đ as d, blanks in one."""
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is stored folded compares with what is folded again."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_clean_text_is_one_line(text: str) -> None:
    """No control character survives."""
    assert not any(ord(c) < 32 or c in "\u2028\u2029\x7f" for c in clean(text))


@given(st.text())
def test_a_key_made_of_a_label_is_a_key_or_nothing(text: str) -> None:
    """Whatever the label, what comes out can stand in a URL."""
    key = to_key(text)
    assert key == "" or is_key(key)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"vi": "Chào", "en": "Hello"}, "Hello"),
        ({"vi": "Chào"}, "Chào"),
        ({"en": "", "vi": "Chào"}, "Chào"),
        ({}, "key"),
    ],
    ids=["this language", "another", "this one is empty", "none"],
)
def test_a_text_in_several_languages_is_said_in_one(texts: dict[str, str], said: str) -> None:
    """This one, else any, else what is given instead."""
    assert in_language(texts, "en", "key") == said
