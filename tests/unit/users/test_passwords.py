"""What a password must be, and that its hash tells nothing."""

import pytest

from nurture.users import passwords


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "short_password"), ("a" * 201, "long_password"), ("aaaaaaaaaaaa", "weak_password"),
     ("Minhthu-2026!", "weak_password"), ("một câu dễ nhớ", "")],
)  # fmt: skip
def test_length_and_guessing_are_what_counts(password: str, code: str) -> None:
    """No rules about signs and digits."""
    found = passwords.problems(password, "minhthu@example.com")
    assert [one.code for one in found] == ([code] if code else [])


def test_only_the_right_password_matches() -> None:
    """Nobody's hash matches nothing, not even its own text."""
    stored = passwords.hashed("một câu dễ nhớ")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "một câu dễ nhớ")
    assert not passwords.matches(stored, "một câu khó nhớ")
    assert not passwords.matches(None, "the password of nobody")
    assert not passwords.matches("broken", "x")
    assert not passwords.outdated(stored)
