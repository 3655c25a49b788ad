"""Public links of a message: what their tokens carry, and how they are written and read back.

A click carries its whole target, so that it outlives database, campaign and lead. Imported by sender processes:
standard library and kernel/signing only.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from nurture.kernel.signing import KeyRing, plainly

CLICK, OPEN, UNSUBSCRIBE, AGREE = b"c", b"o", b"u", b"y"
CLICK_PATH, OPEN_PATH, UNSUBSCRIBE_PATH, AGREE_PATH = "/c/", "/o/", "/u/", "/y/"
ASSET_PATH = "/a/"  # images of emails, by the hash of their content
LONGEST_TARGET = 4_000  # bytes
TRAP = 65_535  # position of the hidden link that no person sees: who follows it follows everything

_CLICK = struct.Struct(">QH")
_POSITION = struct.Struct(">H")
_ID = struct.Struct(">Q")
_UNSUBSCRIBE = struct.Struct(">QQ20s")
_AGREE = struct.Struct(">Q20s")


@dataclass(frozen=True, slots=True)
class Click:
    """What a click's token says: which message, which of its links (from 0), and where it leads."""

    message_id: int
    position: int
    target: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an unsubscribe token says. `address_hash` is 40 hex digits; lead 0 is none."""

    message_id: int
    lead_id: int
    address_hash: str


def click_token(ring: KeyRing, message_id: int, position: int, target: str) -> str:
    """A token for one link of one message; ValueError when the target is too long."""
    return ring.stamped(CLICK, _ID.pack(message_id), click_rest(position, target))


def click_rest(position: int, target: str) -> bytes:
    """What the tokens of a link have in common in all letters."""
    encoded = target.encode()
    if len(encoded) > LONGEST_TARGET:
        raise ValueError(f"a link of {len(encoded)} bytes; {LONGEST_TARGET} are allowed")
    return _POSITION.pack(position) + encoded


def read_click(ring: KeyRing, token: str) -> Click | None:
    """What the token says, or None when we did not make it."""
    payload = ring.read(CLICK, token)
    if payload is None or len(payload) <= _CLICK.size:
        return None
    message_id, position = _CLICK.unpack_from(payload)
    try:
        target = payload[_CLICK.size :].decode()
    except UnicodeDecodeError:
        return None
    return Click(message_id, position, target)


def open_token(ring: KeyRing, message_id: int) -> str:
    """A token for the pixel of one message."""
    return ring.stamped(OPEN, _ID.pack(message_id), b"")


def read_open(ring: KeyRing, token: str) -> int | None:
    """The message's id, or None when we did not make the token."""
    payload = ring.read(OPEN, token)
    return None if payload is None or len(payload) != _ID.size else int(_ID.unpack(payload)[0])


def unsubscribe_token(ring: KeyRing, message_id: int, lead_id: int, address_hash: str) -> str:
    """A token with which this address says no. `address_hash` is KeyRing.address_hash of the address."""
    return ring.stamped(UNSUBSCRIBE, _ID.pack(message_id), _ID.pack(lead_id) + bytes.fromhex(address_hash))


def read_unsubscribe(ring: KeyRing, token: str) -> Refusal | None:
    """What the token says, or None when we did not make it."""
    payload = ring.read(UNSUBSCRIBE, token)
    if payload is None or len(payload) != _UNSUBSCRIBE.size:
        return None
    message_id, lead_id, address = _UNSUBSCRIBE.unpack(payload)
    return Refusal(message_id, lead_id, address.hex())


def agree_token(ring: KeyRing, lead_id: int, address_hash: str) -> str:
    """A token with which this address says yes to what it was asked."""
    return ring.sign(AGREE, _AGREE.pack(lead_id, bytes.fromhex(address_hash)))


def read_agree(ring: KeyRing, token: str) -> tuple[int, str] | None:
    """The lead and the address's hash that the token names, or None when we did not make it."""
    payload = ring.read(AGREE, token)
    if payload is None or len(payload) != _AGREE.size:
        return None
    lead_id, address = _AGREE.unpack(payload)
    return int(lead_id), address.hex()


class Stamps:
    """The tracked links of one email for one house, ready but for the stamp in which those of its letters differ.

    `around` is, by the name that a template has for a link, what stands before and after its stamp.
    """

    __slots__ = ("_stamps", "around")

    def __init__(self, ring: KeyRing, base_url: str, targets: Mapping[str, tuple[int, str]]) -> None:
        """`targets` are positions and addresses; a ValueError where one is too long."""
        tokens = {name: (CLICK, CLICK_PATH, click_rest(*target)) for name, target in targets.items()}
        tokens |= {
            "_pixel": (OPEN, OPEN_PATH, b""),
            "_trap": (CLICK, CLICK_PATH, click_rest(TRAP, f"{base_url}/")),
        }
        self.around = {name: (base_url + path, plainly(rest)) for name, (_, path, rest) in tokens.items()}
        self._stamps = ring.stamper([(kind, rest) for kind, _, rest in tokens.values()])

    def of(self, message_id: int) -> tuple[bytes, ...]:
        """The stamps of a letter, in the order of `around`."""
        return self._stamps(_ID.pack(message_id))


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """The links of one message, for `Personalizer.render`.

    Without `tracking` (the lead did not agree to it, or the mail goes to staff) links stay plain and there is no pixel.
    Without `address_hash` there is no unsubscribe link.
    """

    ring: KeyRing
    base_url: str  # without a slash at the end
    message_id: int
    lead_id: int = 0
    address_hash: str = ""
    tracking: bool = True

    def click(self, position: int, target: str) -> str:
        """What stands in the mail in place of the target."""
        if not self.tracking:
            return target
        return self.base_url + CLICK_PATH + click_token(self.ring, self.message_id, position, target)

    def pixel(self) -> str:
        """The open pixel's address, or nothing."""
        return self.base_url + OPEN_PATH + open_token(self.ring, self.message_id) if self.tracking else ""

    def trap(self) -> str:
        """The hidden link's address, or nothing."""
        return self.click(TRAP, f"{self.base_url}/") if self.tracking else ""

    def unsubscribe(self) -> str:
        """Where the lead says no (page on GET, done on POST), or nothing."""
        if not self.address_hash:
            return ""
        token = unsubscribe_token(self.ring, self.message_id, self.lead_id, self.address_hash)
        return self.base_url + UNSUBSCRIBE_PATH + token


@dataclass(frozen=True, slots=True)
class PlainLinks:
    """Links for looking at a mail: they show where they lead, count nothing, and unsubscribe nobody."""

    base_url: str

    def click(self, _position: int, target: str) -> str:
        """The target itself."""
        return target

    def pixel(self) -> str:
        """None."""
        return ""

    def trap(self) -> str:
        """None."""
        return ""

    def unsubscribe(self) -> str:
        """What looks like one."""
        return f"{self.base_url}{UNSUBSCRIBE_PATH}preview"
