"""How settings about the world outside are read: webhooks, and the gateway of text messages. Pure.

Each reader gives the value of a variable's text; ValueError says in a message id what would be right.
"""

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from nurture.kernel.marked import N_
from nurture.kernel.text import is_key

_BOUNCES = re.compile(
    r"[a-z0-9](?:[a-z0-9._-]{0,29}[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_DKIM = re.compile(r"([A-Za-z0-9.-]+) +([A-Za-z0-9-]+) *= *(\S.*)", re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_HEADER = re.compile(r"[A-Za-z0-9-]+: ?[\x20-\x7e]+")
_PATH = re.compile(r"[A-Za-z0-9_.-]+")
_SECRETS = N_("secrets such as whsec_… or name=whsec_…, by comma; 24 to 64 bytes in base64")
_HOSTS = N_("hosts, addresses or networks such as crm.internal, 127.0.0.1:9000, 10.0.0.0/8, by comma")


def webhook_secrets(text: str) -> tuple[tuple[str, str], ...]:
    """`whsec_…, crm=whsec_…`: (name, secret); no name is for all."""
    found = []
    for part in _parts(text):
        name, found_secret, secret = part.rpartition("whsec_")
        name = name.removesuffix("=")
        if not found_secret or (name and not is_key(name)) or not 24 <= _bytes(secret) <= 64:
            raise ValueError(_SECRETS)
        found.append((name, f"whsec_{secret}"))
    return tuple(found)


def _bytes(secret: str) -> int:
    try:
        return len(base64.b64decode(secret + "=" * (-len(secret) % 4), validate=True))
    except (binascii.Error, ValueError):
        return 0


def bounce_address(text: str) -> str:
    """`bounces@x.vn` in lower case, or nothing. A token stands behind its local part, which may have 64 in all."""
    if text and (len(text) > 200 or not _BOUNCES.fullmatch(text.lower())):
        raise ValueError(N_("an address such as bounces@anphat.vn, with at most 31 letters and digits before its @"))
    return text.lower()


def dkim_keys(text: str) -> tuple[tuple[str, str, str], ...]:
    """`anphat.vn nurture=/etc/nurture/anphat.pem, …`: (domain, selector, path or the key itself), not yet looked at."""
    found = []
    for part in _parts(text):
        match = _DKIM.fullmatch(part)
        if match is None:
            raise ValueError(N_("keys such as anphat.vn nurture=/etc/nurture/anphat.pem, by comma"))
        found.append((match[1].lower(), match[2].lower(), match[3]))
    return tuple(found)


def hosts(text: str) -> tuple[str, ...]:
    """Hosts with or without a port, addresses, networks."""
    found = _parts(text)
    for part in found:
        if not _is_host(part):
            raise ValueError(_HOSTS)
    return found


def _is_host(part: str) -> bool:
    try:
        ipaddress.ip_network(part, strict=False)
    except ValueError:
        match = _HOST.fullmatch(part)
        return match is not None and (match[1] is None or 0 < int(match[1]) < 65536)
    return True


def gateway_url(text: str) -> str:
    """An http(s) address, or nothing."""
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc):
        raise ValueError(N_("an address such as https://sms.example.vn/send"))
    return text


def heartbeat_url(text: str) -> str:
    """An http(s) address, or nothing."""
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc):
        raise ValueError(N_("an address such as https://monitor.example/your-check"))
    return text


def gateway_body(text: str) -> Mapping[str, Any]:
    """A JSON object with the places {phone} and {text}."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "{phone}" not in text or "{text}" not in text:
        raise ValueError(N_('a JSON object such as {"to": "{phone}", "text": "{text}"}'))
    return found


def gateway_header(text: str) -> str:
    """`Authorization: Bearer {token}`."""
    if not _HEADER.fullmatch(text):
        raise ValueError(N_("a header such as Authorization: Bearer {token}"))
    return text


def gateway_good(text: str) -> str:
    """`CodeResult=100`, or nothing."""
    path, mark, wanted = text.partition("=")
    if text and not (mark and wanted and _PATH.fullmatch(path)):
        raise ValueError(N_("where the answer says yes, such as CodeResult=100"))
    return text


def gateway_path(text: str) -> str:
    """`data.id`, or nothing."""
    if text and not _PATH.fullmatch(text):
        raise ValueError(N_("a place in the answer such as data.id"))
    return text


def secret(text: str) -> str:
    """What can stand in a header."""
    if not text.isascii() or not (text.isprintable() or not text):
        raise ValueError(N_("plain letters and digits, in one line"))
    return text


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
