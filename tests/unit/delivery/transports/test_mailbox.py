"""The built-in mailbox is where mail goes without a relay."""

from nurture.delivery.relays import of
from nurture.kernel.settings import read_settings


def test_without_a_relay_mail_stays_on_this_machine() -> None:
    """On loopback, at the mailbox's port."""
    (one,) = of(read_settings({"HOME": "/nowhere", "NURTURE_MAILBOX_PORT": "8725"}))
    way = one.way
    assert (way.route, way.host, way.port, way.security, way.user) == ("mailbox", "127.0.0.1", 8725, "plain", "")
