"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, whether it can serve, and its figures.

Beside the pages they are views of the application; a clock or a worker, which has no pages, answers them on a port of
its own where one is set. /metrics is for this machine, for the networks that are named, and for whoever has the token.
"""

import hmac
import http.server
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nurture.engine.health import Latest
from nurture.kernel.context import Context
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.later import later
from nurture.kernel.settings import Settings
from nurture.migrations import current, head, revisions
from nurture.tracking.client import is_trusted, parse_address

if TYPE_CHECKING:
    from nurture.web import metrics
else:
    metrics = later("nurture.web.metrics")  # prometheus_client: when somebody asks for figures

_log = structlog.get_logger(__name__)
PLAIN = "text/plain; charset=utf-8"
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")
_PATIENCE = 5.0  # seconds for a request to come in
_MOST = 8  # conversations at once
# Gives a header of the request by its name, in any case of letters.
Header: TypeAlias = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes
    content_type: str = PLAIN


def _said(status: int, text: str) -> Reply:
    return Reply(status, f"{text}\n".encode())


class Probes:
    """The three answers of one process."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    @cached_property
    def _registry(self) -> "metrics.Everything":
        return metrics.Everything(Latest(self._ctx))

    def answer(self, path: str, peer: str, header: Header) -> Reply:
        """To a request for one of the paths, from this address."""
        match path:
            case "/healthz":
                return _said(200, "ok")
            case "/readyz":
                reason = unready(self._ctx)
                return _said(503, reason) if reason else _said(200, "ready")
            case "/metrics":
                if not may_read(self._ctx.settings, peer, header):
                    return _said(403, "ask from this machine, from NURTURE_METRICS_ALLOW, or with the token")
                return Reply(200, metrics.exposition(self._registry), metrics.CONTENT_TYPE)
        return _said(404, "there is nothing here")


def unready(ctx: Context) -> str:
    """Why this process cannot serve; nothing when it can. Says nothing that a stranger may not read."""
    if ctx.wake.stopping.is_set():
        return "stopping"
    try:
        with ctx.database.read() as conn:
            at = current(conn)
    except (SQLAlchemyError, OSError) as error:
        return f"database: {type(error).__name__}"
    if at is None:
        return "database: no tables"
    # A revision that we do not know is a newer one: versions run side by side while machines are brought up to date.
    return f"database: at {at}, {head()} is needed" if at != head() and at in revisions() else ""


def may_read(settings: Settings, peer: str, header: Header) -> bool:
    """Whether this address may read the figures, or shows the token.

    A request that was forwarded by a proxy nobody told us about has the proxy's address: it does not count.
    """
    given = (header("Authorization") or "").removeprefix("Bearer ").strip()
    if settings.metrics_token and hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
        return True
    address = parse_address(peer)
    if address is None:
        return False
    is_forwarded = any(header(name) for name in _FORWARDED)
    if is_forwarded and (address.is_loopback or not settings.trusted_proxies):
        return False
    return address.is_loopback or is_trusted(address, settings.metrics_allow)


class ProbeServer:
    """A part of a process without pages: answers the three paths and nothing else."""

    def __init__(self, ctx: Context) -> None:
        probes, free = Probes(ctx), threading.BoundedSemaphore(_MOST)

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = _PATIENCE
            server_version = "nurture"
            sys_version = ""

            def handle(self) -> None:
                with free:
                    super().handle()

            def do_GET(self) -> None:
                self._answer(silent=False)

            def do_HEAD(self) -> None:
                self._answer(silent=True)

            def _answer(self, *, silent: bool) -> None:
                reply = probes.answer(self.path.partition("?")[0], self.client_address[0], self.headers.get)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                if not silent:
                    self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
                """Who asks for figures is no news."""

        settings = ctx.settings
        kind = _Server6 if ":" in settings.metrics_host else _Server
        try:
            self._server = kind((settings.metrics_host, settings.metrics_port), Handler)
        except OSError as error:
            raise OutsideError(
                N_("%(place)s cannot be used (%(error)s); stop what runs there, or set %(setting)s"),
                setting="NURTURE_METRICS_PORT", place=f"{settings.metrics_host}:{settings.metrics_port}",
                error=error.strerror,
            ) from error  # fmt: skip
        self._thread = threading.Thread(target=self._server.serve_forever, name="probes", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        _log.info("probes_listen", port=self.port)

    def stop(self) -> None:
        """End."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hangs up is no news."""


class _Server6(_Server):
    address_family = socket.AF_INET6
