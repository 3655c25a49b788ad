"""An address that a webhook goes to, taken apart strictly: what two readers could read in two ways is refused. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from nurture.kernel.i18n import N_
from nurture.outbound.address import Allowed

LONGEST = 2000
PORTS = (443, 80)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


class TargetError(ValueError):
    """An address that cannot be used; a message id of the catalog says why."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes. `host` is in ASCII, without brackets."""

    secure: bool
    host: str
    port: int
    path: str  # with the query

    @property
    def shown_host(self) -> str:
        """The host as it stands in an address and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """The parts of an address; TargetError for all that is no plain http(s) address of one host."""
    if len(url) > LONGEST or "\\" in url or any(not c.isprintable() or c.isspace() for c in url):
        raise TargetError(N_("This is no web address"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetError(N_("This is no web address")) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError(N_("A web address begins with https://"))
    if "@" in parts.netloc:
        raise TargetError(N_("A web address with a name and password in it is not taken"))
    secure = parts.scheme == "https"
    if port == 0:
        raise TargetError(N_("This is no web address"))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(secure, _host(parts.hostname), port or (443 if secure else 80), path + (f"?{query}" if query else ""))


def _host(host: str) -> str:
    """The host in ASCII. A number is taken only as a dotted quad in decimal: 0x7f.1 and 0177.0.0.1 are refused."""
    if ":" in host:
        if "%" in host:
            raise TargetError(N_("This is no web address"))
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise TargetError(N_("This is no web address")) from None
    try:
        name = host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        raise TargetError(N_("This is no web address")) from None
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise TargetError(N_("This is no web address")) from None
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise TargetError(N_("This is no web address"))
    return name


def refusal(target: Target, allow: Allowed) -> str:
    """Why we do not talk to this target, whatever it resolves to, as a message id; nothing when we may."""
    if allow.host(target.host, target.port):
        return ""
    if not target.secure:
        return N_("https:// is needed")
    if target.port not in PORTS:
        return N_("Only the ports 443 and 80 are open")
    return ""
