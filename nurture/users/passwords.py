"""Passwords: what one must be, and Argon2id hashing (RFC 9106, with OWASP's parameters). CPU work, no I/O."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_

SHORTEST = 10
LONGEST = 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def problems(password: str, email: str, path: str = "password") -> list[Problem]:
    """What is wrong with a new password; empty when it will do."""
    if len(password) < SHORTEST:
        params = (("count", str(SHORTEST)),)
        return [Problem("short_password", N_("Use at least %(count)s characters"), path=path, params=params)]
    if len(password) > LONGEST:
        params = (("count", str(LONGEST)),)
        return [Problem("long_password", N_("Use at most %(count)s characters"), path=path, params=params)]
    name = email.partition("@")[0].casefold()
    if len(set(password)) < 4 or (len(name) > 3 and name in password.casefold()):
        return [Problem("weak_password", N_("This password is too easy to guess"), path=path)]
    return []


def hashed(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody")


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; takes as long when there is none."""
    try:
        _hasher.verify(stored or _nobody(), password[: LONGEST + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
