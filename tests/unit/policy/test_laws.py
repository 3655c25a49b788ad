"""What a law asks of a mail."""

import pytest

from nurture.policy.laws import subject_label


@pytest.mark.parametrize(
    ("law", "message_class", "label"),
    [
        ("vn", "advertising", "[QC]"),
        ("vn", "care", ""),
        ("vn", "transactional", ""),
        ("eu", "advertising", ""),
        ("us", "advertising", ""),
        ("none", "advertising", ""),
    ],
)
def test_advertising_is_labeled_where_the_law_asks(law: str, message_class: str, label: str) -> None:
    """Vietnam's profile labels advertising, and nothing else."""
    assert subject_label(law, message_class) == label
