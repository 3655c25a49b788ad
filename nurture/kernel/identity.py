"""Opaque public ids and bearer tokens."""

import hashlib
import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def public_id() -> str:
    """Fourteen characters (69 bits) that tell nothing and read well aloud."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(14))


def is_public_id(text: str) -> bool:
    """Whether the text has the form of a public id."""
    return len(text) == 14 and set(text) <= set(_ALPHABET)


def public_ids(count: int) -> list[str]:
    """As many public ids, made from one read of the system's randomness."""
    wanted = count * 14
    letters: list[str] = []
    while len(letters) < wanted:
        # 248 is the largest multiple of the alphabet's 31 letters in a byte: no letter is favored
        letters += [_ALPHABET[byte % 31] for byte in secrets.token_bytes(wanted + 64) if byte < 248]
    return ["".join(letters[start : start + 14]) for start in range(0, wanted, 14)]


def bearer() -> str:
    """A secret for a link that logs somebody in: 32 bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def bearer_hash(token: str) -> str:
    """What is stored of a bearer token."""
    return hashlib.sha256(token.encode()).hexdigest()
