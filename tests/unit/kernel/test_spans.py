"""Lengths of time: read as people write them, and said exactly enough to plan by."""

from datetime import timedelta

import pytest

from nurture.kernel.spans import in_words, parse_span


@pytest.mark.parametrize(
    ("text", "span"),
    [("30 days", timedelta(days=30)), ("1 week", timedelta(weeks=1)), ("12 giờ", timedelta(hours=12))],
)
def test_a_span_is_read_in_both_languages(text: str, span: timedelta) -> None:
    """One or many, with or without diacritics."""
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["0 days", "soon", "9999 weeks", 5, "3 hours 20 minutes"])
def test_anything_else_is_refused(text: object) -> None:
    """Also zero, and more than ten years."""
    with pytest.raises(ValueError, match="not"):
        parse_span(text)


@pytest.mark.parametrize(
    ("span", "english", "vietnamese"),
    [
        (timedelta(hours=3, minutes=20, seconds=59), "3 hours 20 minutes", "3 giờ 20 phút"),
        (timedelta(hours=1), "1 hour", "1 giờ"),
        (timedelta(minutes=59, seconds=59), "59 minutes", "59 phút"),
        (timedelta(days=2, hours=5, minutes=40), "2 days 5 hours", "2 ngày 5 giờ"),
        (timedelta(days=1, minutes=40), "1 day", "1 ngày"),
        (timedelta(seconds=20), "less than a minute", "chưa đầy một phút"),
    ],
    ids=str,
)
def test_a_span_is_said_by_its_largest_unit_and_the_next(span: timedelta, english: str, vietnamese: str) -> None:
    """Rounded down."""
    assert in_words(span, "en") == english
    assert in_words(span, "vi") == vietnamese
