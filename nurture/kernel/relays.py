"""Where mail is handed over: the address of a relay, and what its owner says of it. Values and their reading; pure."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import unquote, urlsplit

from nurture.kernel.marked import N_

PRESETS = ("plain", "gmail", "workspace", "zoho", "ses", "brevo", "postmark", "sendgrid", "mailgun")
SPANS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*/\s*(second|minute|hour)")
MOST_A_DAY = 100_000_000


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over. `security` is `plain`, `starttls` or `tls`."""

    host: str
    port: int
    security: str = "plain"
    user: str = ""
    password: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether mail stays on this machine."""
        return is_loopback(self.host)

    def shown(self) -> str:
        """The relay without its secret."""
        scheme = {"plain": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[self.security]
        return f"{scheme}://{self.user + '@' if self.user else ''}{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RelayEntry:
    """What is said of one relay. None and nothing: as its preset has it, else without that limit."""

    key: str
    relay: Relay | None  # None: the built-in mailbox
    preset: str = "plain"
    rate: float | None = None  # messages a second
    per_day: int | None = None
    rolling: bool | None = None  # the day is any 24 hours, not the calendar's
    zone: str = ""  # of its day; empty: the house's
    reserve: int | None = None  # messages of the day kept for staff and transactional mail
    weight: int = 1
    domains: tuple[str, ...] = ()  # From domains it sends for; none: any
    warm_since: date | None = None
    warm_steps: tuple[int, ...] = ()  # most messages on the first day, the second, …
    rates: Mapping[str, float] = field(default_factory=dict)  # messages a second, by domain of the recipient
    senders: int = 1
    connections: int = 2


@dataclass(frozen=True, slots=True)
class RelaysFile:
    """The relays of a file, in its order."""

    path: str
    relays: tuple[RelayEntry, ...]

    def __str__(self) -> str:
        return self.path


def is_loopback(host: str) -> bool:
    """Whether the host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_url(text: str) -> Relay | None:
    """The relay of an address; None of an empty one. ValueError says in a message id what would be right."""
    if not text:
        return None
    parts = urlsplit(text)
    security = {"smtp": "plain", "smtps": "tls", "smtp+starttls": "starttls"}.get(parts.scheme)
    if security is None or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(N_("smtp://, smtps:// or smtp+starttls://user:password@host:port"))
    default = {"plain": 25, "tls": 465, "starttls": 587}[security]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "plain" and not is_loopback(parts.hostname):
        raise ValueError(N_("smtp+starttls:// or smtps://: a password over smtp:// can be read by anybody"))
    return Relay(parts.hostname, parts.port or default, security, user, password)


def read_rate(text: str) -> float | None:
    """`14/second`, `20/minute`, `100/hour` as messages a second; None of an empty text."""
    if not text:
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(N_("a rate such as 14/second, 20/minute or 100/hour"))
    return float(found[1]) / SPANS[found[2]]


def read_per_day(text: str) -> int | None:
    """A number of messages a day; None of an empty text."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_A_DAY:
        raise ValueError(N_("a number of messages a day such as 500"))
    return int(text)
