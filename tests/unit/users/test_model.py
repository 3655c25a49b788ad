"""What a member of staff is."""

import pytest

from nurture.users.model import Person, Role, user_of


@pytest.mark.parametrize(
    ("actor", "number"),
    [
        (Person(12, "An", "an@x.example", Role.SALES).actor, 12),
        ("lead", None),
        ("engine", None),
        ("import:k3", None),
        ("user:", None),
        ("user:x", None),
        ("user:" + "9" * 40, None),
    ],
)
def test_an_author_tells_whose_account_it_is(actor: str, number: int | None) -> None:
    """Everybody else has none."""
    assert user_of(actor) == number
