"""What a law asks of a mail."""

import pytest

from nurture.kernel.plugins import modules
from nurture.policy import laws
from nurture.policy.law import Law
from nurture.policy.laws import profile, subject_label


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


@pytest.mark.parametrize("law", sorted(modules(laws.__name__)))
def test_every_figure_names_its_source(law: str) -> None:
    """Each value of a profile that asks for something has its article; the key is the file's name."""
    found = profile(law)
    asked = {
        name for name in Law.__slots__ if name not in {"key", "sources", "notes"} and getattr(found, name)
    }  # fmt: skip
    assert found.key == law
    assert asked <= set(found.sources)


def test_an_unknown_profile_is_an_error() -> None:
    """Nobody falls back to no law at all."""
    with pytest.raises(KeyError):
        profile("atlantis")
