"""A receiver that checks DKIM signatures: dkimpy, with a DNS of our own.

dkimpy leaves Ed25519 itself to PyNaCl; where that is not installed, cryptography stands in for its one function.
"""

import base64
import re
from collections.abc import Callable
from types import SimpleNamespace

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from nurture.delivery.dkim import DkimKey
from nurture.delivery.dkim_keys import record


class _VerifyKey:
    """As `nacl.signing.VerifyKey`: raises where a signature does not hold."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, message: bytes, signature: bytes) -> bytes:
        """The message."""
        self._key.verify(signature, message)
        return message


if not hasattr(dkim, "nacl"):
    dkim.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )


def verified(data: bytes, *keys: DkimKey) -> list[bool]:
    """Whether each signature of the mail holds, from the top; the DNS knows these keys only."""
    dns = {f"{record(one).name}.".encode(): record(one).value.encode() for one in keys}

    def text(name: bytes, timeout: int = 5) -> bytes:
        return dns.get(name, b"")

    count = len(re.findall(rb"(?m)^DKIM-Signature:", data.partition(b"\r\n\r\n")[0]))
    return [_holds(data, n, text) for n in range(count)]


def _holds(data: bytes, number: int, dns: Callable[..., bytes]) -> bool:
    try:
        return bool(dkim.DKIM(data, minkey=2048).verify(idx=number, dnsfunc=dns))
    except dkim.ValidationError:
        return False
