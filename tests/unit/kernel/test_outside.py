"""Settings about the world outside are read strictly."""

from collections.abc import Callable
from typing import Any

import pytest

from nurture.kernel import outside

SECRET = "whsec_" + "a" * 32


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (outside.webhook_secrets, "", ()),
        (outside.webhook_secrets, f"{SECRET}, crm={SECRET}", (("", SECRET), ("crm", SECRET))),
        (outside.hosts, "crm.internal, 127.0.0.1:9000,[::1]:1, 10.0.0.0/8 ,fd00::/8",
         ("crm.internal", "127.0.0.1:9000", "[::1]:1", "10.0.0.0/8", "fd00::/8")),
        (outside.gateway_url, "", ""),
        (outside.gateway_url, "https://sms.example.vn/send", "https://sms.example.vn/send"),
        (outside.gateway_body, '{"to": "{phone}", "x": ["{text}"]}', {"to": "{phone}", "x": ["{text}"]}),
        (outside.gateway_header, "X-Key: {token}", "X-Key: {token}"),
        (outside.gateway_good, "CodeResult=100", "CodeResult=100"),
        (outside.gateway_path, "data.0.id", "data.0.id"),
    ],
)  # fmt: skip
def test_what_can_be_used_is_read(read: Callable[[str], Any], text: str, value: object) -> None:
    """Into plain values."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (outside.webhook_secrets, "secret"),
        (outside.webhook_secrets, "whsec_short"),
        (outside.webhook_secrets, f"Our CRM={SECRET}"),
        (outside.webhook_secrets, "whsec_!!!!aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        (outside.hosts, "http://crm.internal"),
        (outside.hosts, "crm:99999"),
        (outside.hosts, "everything *"),
        (outside.gateway_url, "sms.example.vn"),
        (outside.gateway_url, "https://user:secret@sms.example.vn/"),
        (outside.gateway_body, "to={phone}"),
        (outside.gateway_body, '{"to": "{phone}"}'),
        (outside.gateway_body, '["{phone}", "{text}"]'),
        (outside.gateway_header, "X-Key"),
        (outside.gateway_header, "X-Key: a\r\nX-Evil: b"),
        (outside.gateway_good, "CodeResult"),
        (outside.gateway_path, "data[0]"),
        (outside.secret, "a\nb"),
        (outside.secret, "đ"),
    ],
)
def test_what_cannot_is_refused_with_what_would_be_right(read: Callable[[str], Any], text: str) -> None:
    """As a message of the catalog."""
    with pytest.raises(ValueError, match=r"\w"):
        read(text)
