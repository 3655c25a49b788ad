"""A request of a provider, and what all of them need to judge and to read it. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nurture.delivery.bounce import BounceReason, reason_of
from nurture.inbound.model import Return, What
from nurture.kernel.settings import Settings
from nurture.kernel.signing import KeyRing
from nurture.kernel.text import clean
from nurture.leads.normalize import email_of
from nurture.messages import verp

LARGEST = 2_000_000  # bytes of a body; SendGrid's batches come near to 800,000
LONGEST_KEY = 200
LONGEST = 500  # characters of what a receiver said
OURS = "nurture"  # the name under which a provider gives our Message-ID back, where we could attach one
_ID = re.compile(r"[^\s<>@]{1,500}@[^\s<>@]{1,255}")

# Gives what stands at an address of the provider's own, or None. Only Amazon needs it.
Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Post:
    """What came: headers by their names in lower case, and the body as it came."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Here:
    """What a provider's file may use of this installation."""

    settings: Settings
    ring: KeyRing
    real: datetime
    fetch: Fetch


class UnsureError(Exception):
    """It cannot be told now whether the provider sent this; later it can."""


class NotJsonError(ValueError):
    """The body is not what the provider sends."""


def data_of(body: bytes) -> Any:
    """The body as plain values."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJsonError(type(error).__name__) from None


def dig(data: Any, *path: str) -> Any:
    """What stands at this place, or None if there is no such place."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def text(data: Any, *path: str) -> str:
    """The text at this place on one line, which a database can keep; empty if there is none."""
    found = dig(data, *path)
    if isinstance(found, int | float) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        return ""
    return clean(found[: LONGEST * 4].encode("utf-8", "replace").decode("utf-8"), LONGEST)


def items(data: Any, *path: str) -> list[Any]:
    """The list at this place, or one without anything."""
    found = dig(data, *path)
    return found if isinstance(found, list) else []


def address(data: Any, *path: str) -> str:
    """The address at this place, normalized."""
    return email_of(text(data, *path)) or ""


def message_id(value: str) -> str:
    """A Message-ID without its brackets, or nothing."""
    found = _ID.search(value)
    return found[0] if found else ""


def signed(ring: KeyRing, value: str) -> int | None:
    """Our message, by the envelope's sender that a provider gives back."""
    return verp.read(ring, value)


def instant(value: Any) -> datetime | None:
    """An instant out of seconds since 1970 or ISO 8601; None of what is neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(value), UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def told(source: str, what: What, key: str, at: datetime | None, real: datetime, **more: Any) -> Return:
    """A return of this provider; a time that lies ahead, or is not said, is now."""
    short = key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
    return Return(what, source, short, min(at, real) if at is not None else real, **more)


def reason(said: str, status: str = "", otherwise: BounceReason = BounceReason.UNKNOWN) -> BounceReason:
    """Why: by the receiver's own words, else by the provider's word for it."""
    found = reason_of(status=status, text=said)
    return otherwise if found is BounceReason.UNKNOWN else found


def is_let_in(secret: str, post: Post) -> bool:
    """The request shows our secret: as `Basic` where it is `user:password`, else as `Bearer`. In constant time."""
    kind, _, shown = post.headers.get("authorization", "").partition(" ")
    wanted = secret.encode()
    if ":" not in secret:
        return kind.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), wanted)
    try:
        given = base64.b64decode(shown.strip(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    return kind.lower() == "basic" and hmac.compare_digest(given, wanted)
