"""The built-in mailbox: real SMTP that never leaves this machine."""

from nurture.delivery.model import Connection
from nurture.kernel.settings import Settings


def is_meant(settings: Settings) -> bool:
    """When no relay is set."""
    return settings.smtp is None


def connection(settings: Settings) -> Connection:
    """How to reach the mailbox server of this process."""
    relay = settings.relay
    return Connection("mailbox", relay.host, relay.port, shown=relay.shown())
