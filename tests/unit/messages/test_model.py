"""What a new message is, and in which language it goes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nurture.messages.model import MessageClass, NewMessage, Purposes, choose_language

AT = datetime(2026, 11, 2, tzinfo=UTC)


def new(**more: Any) -> NewMessage:
    """A message with these keys."""
    return NewMessage(Purposes.CAMPAIGN, "hello", "vi", MessageClass.ADVERTISING, AT, **more)


@pytest.mark.parametrize(
    ("wished", "available", "chosen"),
    [
        (("en", "vi", "vi"), ("en", "vi"), "en"),  # the lead's
        ((None, "en", "vi"), ("en", "vi"), "en"),  # the campaign's
        (("fr", None, "vi"), ("en", "vi"), "vi"),  # the installation's
        (("fr", None, "vi"), ("en",), "en"),  # any
        (("vi",), (), None),
    ],
)
def test_the_first_wished_language_that_there_is(
    wished: tuple[str | None, ...], available: tuple[str, ...], chosen: str | None
) -> None:
    """The lead's, the campaign's, the installation's, then any."""
    assert choose_language(wished, available) == chosen


def test_a_message_is_named_by_what_makes_it_one() -> None:
    """Enrollment, step and occurrence; broadcast and lead; or a key of its own."""
    assert new(enrollment_id=4, step="hello", occurrence=2).key() == "enrollment:4/hello/2"
    assert new(broadcast_id=3, lead_id=9).key() == "broadcast:3/9"
    assert new(unique_key="alert:7").key() == "alert:7"


def test_a_message_without_name_is_refused() -> None:
    """It could be written twice."""
    with pytest.raises(ValueError, match="a message needs"):
        new(lead_id=9).key()
