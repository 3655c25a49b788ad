"""How settings about the mailbox of returns are read, and how many soft bounces are too many. Pure.

Each reader gives the value of a variable's text; ValueError says in a message id what would be right.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

from nurture.kernel.marked import N_

_URL = N_("imaps://user:password@host/INBOX or pop3s://user:password@host; also imap+starttls:// and pop3+starttls://")
_PLAIN = N_("imaps:// or pop3s://: a password over a plain connection can be read by anybody")
_THEN = N_("seen, keep, delete, or move:<folder>")
_SOFT = N_("such as 5 in 14 days; 0 for never")
_SCHEMES = {
    "imaps": ("imap", "tls", 993), "imap+starttls": ("imap", "starttls", 143), "imap": ("imap", "plain", 143),
    "pop3s": ("pop3", "tls", 995), "pop3+starttls": ("pop3", "starttls", 110), "pop3": ("pop3", "plain", 110),
}  # fmt: skip
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_COUNT = re.compile(r"([1-9]\d{0,2}) in ([1-9]\d{0,2}) days?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inbox:
    """A mailbox where returns and replies arrive. `protocol` is `imap` or `pop3`, `security` as of a relay."""

    protocol: str
    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"

    def shown(self) -> str:
        """The mailbox without its secret; also the name under which its place is kept."""
        scheme = next(key for key, (*what, _) in _SCHEMES.items() if what == [self.protocol, self.security])
        folder = f"/{quote(self.folder)}" if self.protocol == "imap" else ""
        return f"{scheme}://{quote(self.user)}@{self.host}:{self.port}{folder}"


@dataclass(frozen=True, slots=True)
class SoftBounces:
    """So many soft bounces within a span close an address, if they came on so many different days. Count 0: never."""

    count: int = 5
    span: timedelta = timedelta(days=14)
    days: int = 3

    def shown(self) -> str:
        """As it is set."""
        return f"{self.count} in {self.span.days} days" if self.count else "0"


def inbox_url(text: str) -> Inbox | None:
    """The mailbox of an address such as `imaps://user:password@host/INBOX`; None of nothing."""
    if not text:
        return None
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(_URL) from error
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in _SCHEMES or not parts.hostname or not user or parts.query or parts.fragment:
        raise ValueError(_URL)
    protocol, security, usual = _SCHEMES[parts.scheme]
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if any(not one.isprintable() for one in (user, password, folder)) or (protocol == "pop3" and folder != "INBOX"):
        raise ValueError(_URL)
    if security == "plain" and parts.hostname not in _LOOPBACK:
        raise ValueError(_PLAIN)
    return Inbox(protocol, parts.hostname, port or usual, security, user, password, folder)


def inbox_then(text: str) -> str:
    """What becomes of a mail that was read: `seen`, `keep`, `delete`, `move:<folder>`."""
    what, _, folder = text.partition(":")
    if text in {"seen", "keep", "delete"} or (what == "move" and folder.strip() and folder.isprintable()):
        return text
    raise ValueError(_THEN)


def soft_bounces(text: str) -> SoftBounces:
    """`5 in 14 days`; `0` is never."""
    if text == "0":
        return SoftBounces(0)
    found = _COUNT.fullmatch(text)
    if found is None:
        raise ValueError(_SOFT)
    return SoftBounces(int(found[1]), timedelta(days=int(found[2])))
