"""Which network addresses we talk to: public ones, and those the operator has named. Pure.

An address that carries an IPv4 address inside (mapped, translated, tunneled) is judged by that one, too.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Public by number, yet they answer to the machine's own cloud only.
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "fd00:ec2::254")))
# Blocks of protocols, which Python's versions judge differently (RFC 6890, 7526, 8215, 9602, 9637).
_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "::/96", "5f00::/16", "3fff::/20"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether this address, and every IPv4 address inside it, belongs to the open internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if getattr(ip, "scope_id", None):
        return False
    if ip in _NAT64:  # RFC 6052: the very address of an IPv4 host, where there is IPv6 only
        return _is_open(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(_is_open(one) for one in (ip, *_inside(ip)))


def _is_open(ip: IP) -> bool:
    if (
        ip in _METADATA
        or any(ip in one for one in _CLOSED)
        or not ip.is_global
        or ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
    ):
        return False
    return not (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)


def _inside(ip: IP) -> Iterator[IP]:
    """IPv4 addresses carried by this one: RFC 4291 (mapped), 3056 (6to4), 4380 (Teredo)."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    if ip.sixtofour is not None:
        yield ip.sixtofour
    if ip.teredo is not None:
        yield from ip.teredo


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows besides: hosts by name or address (with a port or any), and networks."""

    hosts: frozenset[tuple[str, int]] = field(default_factory=frozenset)  # port 0: any
    networks: tuple[Network, ...] = ()

    def host(self, host: str, port: int) -> bool:
        """Whether this host is named."""
        return (host, 0) in self.hosts or (host, port) in self.hosts

    def address(self, address: str) -> bool:
        """Whether this address lies in a network that is named."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


def allowed(entries: tuple[str, ...]) -> Allowed:
    """What `NURTURE_WEBHOOK_ALLOW` says: `crm.internal, 127.0.0.1:9000, [::1]:9000, 10.0.0.0/8`.

    ValueError for what is none of that.
    """
    hosts: set[tuple[str, int]] = set()
    networks: list[Network] = []
    for entry in entries:
        if "/" in entry:
            networks.append(ipaddress.ip_network(entry, strict=False))
        else:
            hosts.add(_host(entry))
    return Allowed(frozenset(hosts), tuple(networks))


def _host(entry: str) -> tuple[str, int]:
    if entry.startswith("["):
        inner, _, rest = entry[1:].partition("]")
        return str(ipaddress.IPv6Address(inner)), _port(rest.removeprefix(":"))
    if entry.count(":") > 1:
        return str(ipaddress.IPv6Address(entry)), 0
    name, _, port = entry.partition(":")
    if not name or not name.isascii() or any(c in name for c in " /@\\?#") or not name.isprintable():
        raise ValueError(f"no host: {entry!r}")
    return name.lower().rstrip("."), _port(port)


def _port(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f"no port: {text!r}")
    return int(text)
