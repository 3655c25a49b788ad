"""Opaque public ids and bearer tokens."""

import hashlib
import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def public_id() -> str:
    """Fourteen characters (69 bits) that tell nothing and read well aloud."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(14))


def bearer() -> str:
    """A secret for a link that logs somebody in: 32 bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def bearer_hash(token: str) -> str:
    """What is stored of a bearer token."""
    return hashlib.sha256(token.encode()).hexdigest()
