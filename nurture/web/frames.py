"""HTML that others wrote, shown apart: an answer of its own with a policy that lets nothing run. Needs a request.

What keeps it harmless is the sandbox and the policy of the answer, never a rewriting of the HTML.
"""

import re
from urllib.parse import urlsplit

from flask import Response

from nurture.web.page import context

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_BASE = '<base target="_blank">'
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'{origin} data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox{allowed}"
)
POPUPS = " allow-popups allow-popups-to-escape-sandbox"


def framed(html: str, *, links: bool) -> Response:
    """The HTML as an answer of its own. `links`: what is clicked opens in a new tab; without, nothing happens."""
    parts = urlsplit(context().settings.base_url)
    policy = _POLICY.format(origin=f" {parts.scheme}://{parts.netloc}", allowed=POPUPS if links else "")
    answer = Response(in_new_tabs(html), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = policy
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def in_new_tabs(html: str) -> str:
    """The page with every link meant for a new tab."""
    place = _HEAD.search(html) or _DOCTYPE.match(html)
    at = place.end() if place else 0
    return html[:at] + _BASE + html[at:]


_ADDRESS = re.compile(r"<?https?://\S+>?")
_WIDE, _LINE, _GAP, _AROUND = 33, 26, 14, 180  # of a mail on a phone: signs in a line, and heights in CSS pixels
LOWEST, HIGHEST = 560, 4_000


def phone_height(text: str) -> int:
    """How high a frame on a phone has to be for a mail with this text part, near enough: a frame that runs no script
    and has no origin cannot say how high its content is."""
    lines = [_ADDRESS.sub("", line).strip() for line in text.splitlines()]
    filled = sum(-(-len(line) // _WIDE) for line in lines if line)
    height = _AROUND + filled * _LINE + sum(not line for line in lines) * _GAP
    return min(HIGHEST, max(LOWEST, height))
