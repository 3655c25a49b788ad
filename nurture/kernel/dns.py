"""Questions to the DNS (talks over the network, with a short patience), and a resolver of given records for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import dns.exception
import dns.resolver

T = TypeVar("T")
PATIENCE = 3.0  # seconds for one question, all name servers and repetitions together


class DnsError(Exception):
    """No name server answered, or none that could: it is not known whether there is such a record."""


class Resolver(Protocol):
    """Answers questions; an empty list where there is no such record. Any may raise DnsError."""

    def txt(self, name: str) -> list[str]:
        """The texts of a name, the strings of each put together."""
        ...

    def mx(self, name: str) -> list[tuple[int, str]]:
        """Who takes mail for a domain: preference and host, the first choice first; `.` is nobody."""
        ...

    def addresses(self, name: str) -> list[str]:
        """The addresses of a host, of both kinds."""
        ...


class SystemResolver:
    """Asks the machine's name servers, or the ones that are given."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53, patience: float = PATIENCE) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.exception.DNSException as error:
            raise DnsError(type(error).__name__) from error
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = patience
        self._resolver.timeout = patience / 2

    def txt(self, name: str) -> list[str]:
        """The texts of a name."""
        return [b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT")]

    def mx(self, name: str) -> list[tuple[int, str]]:
        """Who takes mail for a domain."""
        found = [(int(one.preference), one.exchange.to_text()) for one in self._ask(name, "MX")]
        return sorted((preference, host if host == "." else host.rstrip(".")) for preference, host in found)

    def addresses(self, name: str) -> list[str]:
        """The addresses of a host."""
        return [one.address for kind in ("A", "AAAA") for one in self._ask(name, kind)]

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            return list(self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False))
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsError(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class GivenRecords:
    """Answers out of a table; a name in `silent` is not answered."""

    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exchanges: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()

    def txt(self, name: str) -> list[str]:
        """The texts of a name."""
        return list(self._known(name, self.texts))

    def mx(self, name: str) -> list[tuple[int, str]]:
        """Who takes mail for a domain."""
        return sorted(self._known(name, self.exchanges))

    def addresses(self, name: str) -> list[str]:
        """The addresses of a host."""
        return list(self._known(name, self.hosts))

    def _known(self, name: str, table: Mapping[str, Sequence[T]]) -> Sequence[T]:
        if name in self.silent:
            raise DnsError("Timeout")
        return table.get(name, ())
