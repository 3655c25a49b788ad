"""The relays of this installation: how to reach each, what it may take, for whom it sends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nurture.delivery import transports
from nurture.delivery.domains import domain_group
from nurture.delivery.limits import Limits, default_reserve
from nurture.delivery.model import Connection
from nurture.delivery.presets import PRESETS
from nurture.kernel.plugins import modules
from nurture.kernel.relays import RelayEntry
from nurture.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """One relay."""

    key: str
    way: Connection
    limits: Limits
    preset: str = "plain"
    weight: int = 1
    domains: frozenset[str] = frozenset()  # From domains; none: any
    senders: int = 1
    connections: int = 2

    def serves(self, domain: str) -> bool:
        """Whether mail from this domain may go by it."""
        return not self.domains or domain in self.domains


def of(settings: Settings) -> tuple[Route, ...]:
    """The relays under these settings, in their order."""
    return tuple(_route(entry, settings) for entry in settings.relays)


def own_domains(settings: Settings) -> frozenset[str]:
    """The domains that relays are named to send from."""
    if settings.relays_file is None:
        return frozenset()
    return frozenset(domain for entry in settings.relays_file.relays for domain in entry.domains)


def serving(routes: Sequence[Route], domain: str) -> list[Route]:
    """The relays for mail from this domain: those that name it, else those that name none, else all."""
    named = [one for one in routes if domain in one.domains]
    return named or [one for one in routes if not one.domains] or list(routes)


def way(entry: RelayEntry, settings: Settings) -> Connection:
    """How to reach a relay."""
    for transport in modules(transports.__name__).values():
        if transport.is_meant(entry):
            found: Connection = transport.connection(entry, settings)
            return found
    raise AssertionError("one transport is always meant")


def _route(entry: RelayEntry, settings: Settings) -> Route:
    preset = PRESETS[entry.preset]
    per_day = preset.per_day if entry.per_day is None else entry.per_day
    limits = Limits(
        zone=ZoneInfo(entry.zone or settings.zone),
        rate=preset.rate if entry.rate is None else entry.rate,
        per_day=per_day,
        rolling=preset.rolling if entry.rolling is None else entry.rolling,
        reserve=default_reserve(per_day) if entry.reserve is None else min(entry.reserve, per_day or entry.reserve),
        warm_since=entry.warm_since,
        warm_steps=entry.warm_steps,
        rates={domain_group(domain): rate for domain, rate in entry.rates.items()},
    )
    return Route(
        entry.key, way(entry, settings), limits, entry.preset, entry.weight, frozenset(entry.domains),
        entry.senders, entry.connections,
    )  # fmt: skip
