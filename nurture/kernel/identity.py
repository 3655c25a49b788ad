"""Opaque public ids and bearer tokens."""

import hashlib
import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LETTERS = (_ALPHABET * 9).encode()[:256]
_UNFAIR = bytes(range(248, 256))


def public_id() -> str:
    """Fourteen characters (69 bits) that tell nothing and read well aloud."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(14))


def is_public_id(text: str) -> bool:
    """Whether the text has the form of a public id."""
    return len(text) == 14 and set(text) <= set(_ALPHABET)


def public_ids(count: int) -> list[str]:
    """As many public ids, made from one read of the system's randomness."""
    return _words(count, 14)


def public_ids_together(count: int) -> list[str]:
    """Public ids that begin alike, so that an index takes them in at one place; 54 bits of each are its own."""
    head = _words(1, 3)[0]
    return [head + rest for rest in _words(count, 11)]


def _words(count: int, length: int) -> list[str]:
    wanted = count * length
    letters = ""
    while len(letters) < wanted:
        # 248 is the largest multiple of the alphabet's 31 letters in a byte: no letter is favored
        letters += secrets.token_bytes(wanted + 64).translate(_LETTERS, _UNFAIR).decode("ascii")
    return [letters[start : start + length] for start in range(0, wanted, length)]


def bearer() -> str:
    """A secret for a link that logs somebody in: 32 bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def bearer_hash(token: str) -> str:
    """What is stored of a bearer token."""
    return hashlib.sha256(token.encode()).hexdigest()
