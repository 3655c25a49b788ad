"""The relay of the settings."""

from nurture.delivery.relays import of
from nurture.delivery.transports import mailbox, smtp
from nurture.kernel.settings import read_settings

RELAY = "smtp+starttls://user:p%40ss@relay.example:2525"


def test_a_relay_set_is_used_with_its_secret_kept_apart() -> None:
    """What is shown holds no password."""
    settings = read_settings({"HOME": "/nowhere", "NURTURE_SMTP_URL": RELAY})
    (one,) = of(settings)
    way = one.way
    (entry,) = settings.relays
    assert smtp.is_meant(entry)
    assert not mailbox.is_meant(entry)
    assert (way.route, way.host, way.port, way.security) == ("smtp", "relay.example", 2525, "starttls")
    assert (way.user, way.password) == ("user", "p@ss")
    assert "p@ss" not in way.shown
