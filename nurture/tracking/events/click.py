"""A click: a link of the mail was followed; the answer sends on to the exact signed target."""

import re
from urllib.parse import quote, urlsplit

from nurture.activities.model import Kind
from nurture.kernel.signing import KeyRing
from nurture.messages import links
from nurture.tracking.model import Answer, Target, Verdict

PREFIX = links.CLICK_PATH
ACTIVITY = Kind.CLICKED
COUNTED = frozenset({Verdict.HUMAN})
ONCE = False  # a link followed again later is another click

_NOWHERE = Answer("204 No Content", (("Referrer-Policy", "no-referrer"),))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What most targets look like: nothing in it to encode, and a host that no parser reads in another way.
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?:/[\x21-\x7e]*)?")
_VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F))


def read(keys: KeyRing, token: str) -> Target | None:
    """Message, link and target of the token."""
    click = links.read_click(keys, token)
    return None if click is None else Target(click.message_id, click.position, click.target)


def answer(target: Target) -> Answer | None:
    """A redirect, which passes on neither a cookie nor where the reader came from. The hidden link leads nowhere."""
    if target.link == links.TRAP:
        return _NOWHERE
    location = header_safe(target.url or "")
    if location is None:
        return None
    return Answer("302 Found", (("Location", location), ("Referrer-Policy", "no-referrer")))


def header_safe(url: str) -> str | None:
    """The URL as it may stand in a header: visible ASCII stays byte for byte, the rest is percent-encoded.

    None for everything but http and https with a host, and for control characters (RFC 9110, 5.5).
    """
    if _PLAIN.fullmatch(url):
        return url
    if _CONTROL.search(url) or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not host:
        return None
    return url if url.isascii() and " " not in url else _encoded(url, parts.netloc)


def _encoded(url: str, netloc: str) -> str | None:
    """The URL with its host in its ASCII form (RFC 3490) and everything else percent-encoded."""
    start = url.index("//") + 2
    try:
        host = netloc if netloc.isascii() else netloc.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return None if " " in host else url[:start] + host + quote(url[start + len(netloc) :], safe=_VISIBLE)
