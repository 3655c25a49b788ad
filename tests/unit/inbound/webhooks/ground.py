"""What tests of providers' webhooks stand on."""

import json
from collections.abc import Mapping
from typing import Any

from nurture.inbound.webhooks._post import Fetch, Here, Post
from nurture.kernel.settings import read_settings
from tests.unit.inbound.samples import NOW, RING


def nothing(url: str) -> bytes | None:
    """Nothing is fetched."""
    raise AssertionError(url)


def here(fetch: Fetch = nothing, **settings: str) -> Here:
    """An installation with these settings."""
    return Here(read_settings({f"NURTURE_{name.upper()}": value for name, value in settings.items()}), RING, NOW, fetch)


def post(data: Any, headers: Mapping[str, str] | None = None) -> Post:
    """A request with this body."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Post(headers or {}, body)
