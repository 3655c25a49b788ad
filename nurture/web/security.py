"""What keeps the pages safe: session cookies, CSRF, headers with a strict CSP, whose forwarded address to believe."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import CSRFProtect
from werkzeug.routing import IntegerConverter

from nurture.bootstrap import with_secret
from nurture.kernel.settings import Settings
from nurture.tracking.client import client_address, is_trusted, parse_address
from nurture.users.sessions import IDLE

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}

csrf = CSRFProtect()


class Number(IntegerConverter):
    """A number in a path that a key column can hold; a longer one is no page."""

    regex = r"\d{1,18}"


class _Sessions(SecureCookieSessionInterface):
    """The session cookie, which goes out with no answer that a shared cache may keep."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)


def _refuse_nul() -> None:
    """NUL has no place in text: PostgreSQL takes it nowhere, and nobody types it."""
    sent = (request.path, *request.args.keys(), *request.args.values())
    if any("\0" in one for one in sent) or any("\0" in one for pair in request.form.items(multi=True) for one in pair):
        abort(400)


def _headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Cache-Control", "private, no-store")
        answer.vary.update(("Cookie", "HX-Request"))
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return answer


def install(app: Flask, settings: Settings) -> None:
    """Keys, cookies, CSRF and headers."""
    app.secret_key = with_secret(settings).secret_key
    app.config.update(
        SESSION_COOKIE_NAME="nurture",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=urlsplit(settings.base_url).scheme == "https",
        PERMANENT_SESSION_LIFETIME=IDLE,
        SESSION_REFRESH_EACH_REQUEST=False,  # it goes out anew when its use is written down: see web/session.py
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # SameSite and the token do it; a privacy browser may send no Referer
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_PARTS=2_000,
    )
    app.url_map.converters["int"] = Number
    app.session_interface = _Sessions()
    app.before_request(_refuse_nul)
    csrf.init_app(app)
    app.after_request(_headers)


def visitor_address() -> str:
    """Where the request comes from, for limits: an IPv6 caller counts as its /64."""
    text = request.remote_addr or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 4:
        return text
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


class BehindProxies:
    """WSGI: believes X-Forwarded-For and -Proto only when they come from a trusted network."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], trusted: tuple[str, ...]) -> None:
        self.inner = inner
        self.trusted = trusted

    def _trusts(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and is_trusted(address, self.trusted)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        caller = client_address(peer, environ.get("HTTP_X_FORWARDED_FOR", ""), self.trusted)
        if self._trusts(peer):
            environ["REMOTE_ADDR"] = caller
            if environ.get("HTTP_X_FORWARDED_PROTO") in {"http", "https"}:
                environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        return self.inner(environ, start_response)
