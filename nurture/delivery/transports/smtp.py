"""An SMTP relay: NURTURE_SMTP_URL."""

from nurture.delivery.model import Connection
from nurture.kernel.settings import Settings


def is_meant(settings: Settings) -> bool:
    """When a relay is set."""
    return settings.smtp is not None


def connection(settings: Settings) -> Connection:
    """How to reach the relay."""
    relay = settings.relay
    return Connection("smtp", relay.host, relay.port, relay.security, relay.user, relay.password, relay.shown())
