"""The return path of a message: the address where its bounces come back, which says which message bounced.

`bounces@x.vn` becomes `bounces+<token>@x.vn` (variable envelope return path). The token is 32 characters of base32 in
lower case, since relays on the way may change the case of a local part: the message's id (8 bytes) and a signature (12
bytes). Imported by sender processes: standard library and kernel/signing only.
"""

import re
import struct
from base64 import b32decode

from nurture.kernel.signing import KeyRing

LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_KIND = b"v"
_ID = struct.Struct(">Q")
_MAC = 12  # bytes; with the id 20, which base32 writes in 32 characters without a spare bit
TOKEN = 32  # characters
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_BITS = range(150, -1, -10)  # of 160
_LONGEST = 500  # characters of an address that is looked at
LONGEST_BASE = LONGEST_LOCAL - TOKEN - 1  # of the bounce address before its `@`
_PATH = re.compile(r"<?[^@<>\s]*[+=-]([A-Za-z2-7]{32})@[^@<>\s]+>?")


def return_path(ring: KeyRing, address: str, message_id: int) -> str:
    """The envelope sender of this message; `address` is the setting. ValueError where its local part is too long."""
    local, _, domain = address.rpartition("@")
    if not 0 < len(local) <= LONGEST_BASE:
        raise ValueError(f"a bounce address with more than {LONGEST_BASE} characters before its @: {address!r}")
    return f"{local}+{_token(ring, message_id)}@{domain}"


def read(ring: KeyRing, address: str) -> int | None:
    """The message that a return path of ours names, whatever the case; None for every other address.

    What was put around it on its way is looked past: brackets, the tag of a bounce filter (`prvs=…=bounces+…`), a
    forwarder's rewriting (`SRS0=…=x.vn=bounces+…@forwarder`), a `+` that became `=` or `-`.
    """
    found = _PATH.fullmatch(address.strip()) if len(address) < _LONGEST else None
    if found is None:
        return None
    raw = b32decode(found[1].upper())
    payload, mac = raw[: _ID.size], raw[_ID.size :]
    return int(_ID.unpack(payload)[0]) if ring.is_sealed(_KIND, payload, mac) else None


def _token(ring: KeyRing, message_id: int) -> str:
    payload = _ID.pack(message_id)
    number = int.from_bytes(payload + ring.seal(_KIND, payload, _MAC))
    return "".join([_PAIRS[number >> bits & 0x3FF] for bits in _BITS])
