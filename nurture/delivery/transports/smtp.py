"""An SMTP relay: NURTURE_SMTP_URL, or one of NURTURE_RELAYS_FILE."""

from nurture.delivery.model import Connection
from nurture.kernel.relays import RelayEntry
from nurture.kernel.settings import Settings


def is_meant(entry: RelayEntry) -> bool:
    """When a relay has an address."""
    return entry.relay is not None


def connection(entry: RelayEntry, settings: Settings) -> Connection:  # noqa: ARG001 - as all transports
    """How to reach the relay."""
    relay = entry.relay
    if relay is None:
        raise ValueError("the mailbox is reached otherwise")
    return Connection(entry.key, relay.host, relay.port, relay.security, relay.user, relay.password, relay.shown())
