"""Signed tokens of public links, and the keyed hash of suppressed addresses.

A token is base64url without padding, in one of two forms, which both verify for ever:

1: `version byte | key id (4) | epoch (4) | kind (1) | payload | mac (16)`
2: `version byte | key id (4) | epoch (4) | kind (1) | id (8) | mac (18) | rest`, its payload being id and rest

The payload is readable and carries all that the link needs, so that it outlives database, campaign and lead. The mac of
the first is HMAC-SHA256 (RFC 2104), truncated to 128 bits, over all before it; that of the second is keyed BLAKE2b (RFC
7693) of 144 bits over head, rest and id. What differs between letters of one email stands in the first 48 characters
of the second, so that all others are encoded once for them all. Every flaw of a token gives the same answer: None.
"""

import binascii
import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nurture.kernel.errors import OutsideError
from nurture.kernel.marked import N_

SEAL, PLAIN, STAMPED = 0, 1, 2  # the first byte: what is sealed can never be taken for a token
STAMP = 48  # characters in which the tokens of one email's letters differ
_TOKEN = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_URL_SAFE, _FROM_URL_SAFE = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")  # RFC 4648, 5
_PADDING = b"="
_HEAD = 10
_MAC = 16
_ID, _LONG_MAC = 8, 18
_BLOCK = 64
_LONGEST = 12_000


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key; `id` is four bytes and stands in the token."""

    id: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The first key signs, all verify. `suppression` never rotates. `epoch` names the installation (4 bytes)."""

    keys: tuple[Key, ...]
    suppression: bytes
    epoch: bytes

    def sign(self, kind: bytes, payload: bytes) -> str:
        """A token of this kind (one byte) around the payload."""
        body = self._head(PLAIN, kind) + payload
        return _written(body + _mac(self.keys[0].secret, body)).decode("ascii")

    def stamped(self, kind: bytes, id_: bytes, rest: bytes) -> str:
        """A token of this kind around an id of eight bytes, and what the letters of one email have in common."""
        head = self._head(STAMPED, kind)
        stamp = head + id_ + _long_mac(self.keys[0].secret, head + rest + id_)
        return _written(stamp + rest).decode("ascii")

    def stamper(self, tokens: Sequence[tuple[bytes, bytes]]) -> Callable[[bytes], tuple[bytes, ...]]:
        """What gives, for an id, the first 48 characters of its tokens; each of them a kind and its rest.

        What follows them is the rest in base64url, the same for every id.
        """
        keyed, made = _keyed(self.keys[0].secret), []
        for kind, rest in tokens:
            begun = keyed.copy()
            begun.update(self._head(STAMPED, kind) + rest)
            made.append((self._head(STAMPED, kind), begun))
        cut = struct.Struct(f"{STAMP}s" * len(made))

        def stamps(id_: bytes) -> tuple[bytes, ...]:
            parts: list[bytes] = []
            for head, begun in made:
                mac = begun.copy()
                mac.update(id_)
                parts += (head, id_, mac.digest())
            return cut.unpack(_written(b"".join(parts)))

        return stamps

    def _head(self, version: int, kind: bytes) -> bytes:
        return bytes((version,)) + self.keys[0].id + self.epoch + kind

    def read(self, kind: bytes, token: str) -> bytes | None:
        """The payload of a token that one of our keys signed for this kind, or None."""
        if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
            return None
        try:
            raw = binascii.a2b_base64(token.encode("ascii").translate(_FROM_URL_SAFE) + b"=" * (-len(token) % 4))
        except binascii.Error:
            return None
        if raw[9:10] != kind:
            return None
        key_id, secret = raw[1:5], b""
        for key in self.keys:
            if key.id == key_id:
                secret = key.secret
                break
        payload = _payload(raw, secret or b"-")
        return payload if secret else None

    def seal(self, kind: bytes, payload: bytes, size: int) -> bytes:
        """A bare mac of so many bytes (12 at least, 16 at most), for places too small for a token."""
        return _mac(self.keys[0].secret, self._sealed(kind, payload))[:size]

    def is_sealed(self, kind: bytes, payload: bytes, mac: bytes) -> bool:
        """Whether one of our keys made this bare mac."""
        body = self._sealed(kind, payload)
        good = [hmac.compare_digest(_mac(key.secret, body)[: len(mac)], mac) for key in self.keys]
        return 12 <= len(mac) <= _MAC and any(good)

    def _sealed(self, kind: bytes, payload: bytes) -> bytes:
        return bytes((SEAL,)) + self.epoch + kind + payload

    def address_hash(self, address: str) -> str:
        """Keyed hash of a normalized address or phone number: 40 hex digits."""
        inner, outer = _pads(self.suppression)
        inner, outer = inner.copy(), outer.copy()
        inner.update(address.encode())
        outer.update(inner.digest())
        return outer.hexdigest()[:40]


@lru_cache(maxsize=64)
def _pads(secret: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return hashlib.sha256(bytes(b ^ 0x36 for b in block)), hashlib.sha256(bytes(b ^ 0x5C for b in block))


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> hashlib.blake2b:
    key = hashlib.blake2b(secret).digest() if len(secret) > _BLOCK else secret
    return hashlib.blake2b(key=key, digest_size=_LONG_MAC, person=b"nurture token")


def _long_mac(secret: bytes, body: bytes) -> bytes:
    mac = _keyed(secret).copy()
    mac.update(body)
    return mac.digest()


def _payload(raw: bytes, secret: bytes) -> bytes | None:
    """What a decoded token carries; None where this secret did not sign it."""
    if raw[0] == PLAIN and len(raw) >= _HEAD + _MAC:
        body = raw[:-_MAC]
        return body[_HEAD:] if hmac.compare_digest(_mac(secret, body), raw[-_MAC:]) else None
    if raw[0] == STAMPED and len(raw) >= _HEAD + _ID + _LONG_MAC:
        id_, mac, rest = raw[_HEAD : _HEAD + _ID], raw[_HEAD + _ID :][:_LONG_MAC], raw[_HEAD + _ID + _LONG_MAC :]
        return id_ + rest if hmac.compare_digest(_long_mac(secret, raw[:_HEAD] + rest + id_), mac) else None
    return None


def _written(raw: bytes) -> bytes:
    """Base64 that may stand in a URL (RFC 4648, 5), without its padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, _PADDING)


def plainly(rest: bytes) -> str:
    """What stands behind the stamp of a token with this rest."""
    return _written(rest).decode("ascii")


def _mac(secret: bytes, body: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA256, from kept pads.

    `hmac.digest` lets go of the interpreter's lock each time, which costs a busy server a third of its hits.
    """
    inner, outer = _pads(secret)
    inner, outer = inner.copy(), outer.copy()
    inner.update(body)
    outer.update(inner.digest())
    return outer.digest()[:_MAC]


def new_ring() -> KeyRing:
    """A ring with one fresh key."""
    return KeyRing((_new_key(),), secrets.token_bytes(32), secrets.token_bytes(4))


def _new_key() -> Key:
    return Key(secrets.token_bytes(4), secrets.token_bytes(32))


def rotated(ring: KeyRing) -> KeyRing:
    """The ring with a fresh first key; all that was signed before still verifies."""
    return KeyRing((_new_key(), *ring.keys), ring.suppression, ring.epoch)


def ring_to_json(ring: KeyRing) -> str:
    """The ring as text for its file."""
    data = {
        "keys": [{"id": k.id.hex(), "secret": k.secret.hex()} for k in ring.keys],
        "suppression": ring.suppression.hex(),
        "epoch": ring.epoch.hex(),
    }
    return json.dumps(data, indent=1)


def ring_from_json(text: str) -> KeyRing:
    """The ring of a file's text; ValueError when it is not one."""
    try:
        data = json.loads(text)
        keys = tuple(Key(bytes.fromhex(k["id"]), bytes.fromhex(k["secret"])) for k in data["keys"])
        ring = KeyRing(keys, bytes.fromhex(data["suppression"]), bytes.fromhex(data["epoch"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a key ring") from error
    if not keys or any(len(k.id) != 4 or len(k.secret) < 16 for k in keys) or len(ring.epoch) != 4:
        raise ValueError("not a key ring")
    return ring


def load_ring(path: Path) -> KeyRing:
    """The ring of the file; a missing file is made, mode 600. OutsideError when it cannot be read or written."""
    try:
        if not path.exists():
            write_private(path, ring_to_json(new_ring()))
        return ring_from_json(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise OutsideError(N_("The key ring %(path)s cannot be used: %(error)s"), path=path, error=error) from error


def write_ring(path: Path, ring: KeyRing) -> None:
    """Write the ring whole or not at all, mode 600, in place of the one before."""
    write_private(path, ring_to_json(ring), replace=True)


def write_private(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a secret whole or not at all, mode 600. Without `replace` a file that appeared meanwhile is kept."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
