"""Whose request it is: the address believed, shortened so that it names no person."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MOST_HOPS = 20


def parse_address(text: str) -> Address | None:
    """The address in `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`; None when there is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_trusted(address: Address, networks: tuple[str, ...]) -> bool:
    """Whether the address lies in one of these networks."""
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


@lru_cache(maxsize=4096)
def client_address(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The client's address: the right-most of X-Forwarded-For that is no proxy of ours.

    The header is believed only when the peer itself is trusted; what cannot be read ends the search.
    """
    found = parse_address(peer)
    if found is None:
        return ""
    hops = forwarded.split(",")[-_MOST_HOPS:] if forwarded else []
    while hops and is_trusted(found, trusted):
        one = parse_address(hops.pop())
        if one is None:
            break
        found = one
    return str(found)


@lru_cache(maxsize=4096)
def truncated(address: str) -> str:
    """The network of the address: /24 of IPv4, /48 of IPv6; empty for what is no address."""
    found = parse_address(address)
    if found is None:
        return ""
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))
