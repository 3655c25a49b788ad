"""The built-in mailbox: real SMTP that never leaves this machine."""

from nurture.delivery.model import Connection
from nurture.kernel.relays import RelayEntry
from nurture.kernel.settings import Settings


def is_meant(entry: RelayEntry) -> bool:
    """When a relay has no address."""
    return entry.relay is None


def connection(entry: RelayEntry, settings: Settings) -> Connection:
    """How to reach the mailbox server of this installation."""
    relay = settings.mailbox
    return Connection(entry.key, relay.host, relay.port, shown=relay.shown())
