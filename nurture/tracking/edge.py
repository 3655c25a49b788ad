"""The hot path: what answers opens and clicks, in front of everything else. It reads and writes.

A hit is answered when it is safe: in the database after a group commit, or, when that fails or takes too long, in the
synced spool. The lead is sent on in any case.
"""

import itertools
import os
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

from nurture.kernel.context import Context
from nurture.kernel.counting import HITS
from nurture.kernel.i18n import LANGUAGES, translate
from nurture.kernel.text import clean
from nurture.tracking import refusal, store
from nurture.tracking.client import client_address, truncated
from nurture.tracking.event import Event, events, prefixes
from nurture.tracking.model import Hit, Target
from nurture.tracking.spool import Spool, read_back
from nurture.tracking.writer import Gatherer, Then, brief, tell

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger(__name__)

PATIENCE = 0.012  # seconds a commit may take before the disk takes the hits
DISK_PATIENCE = 5.0  # seconds the disk may take when the database has failed
DRAIN_EVERY = 1.0  # seconds
DRAIN_CHUNK = 500
MOST_HELD = 10_000
CROWD = 8  # hits of one commit

_METHODS = ("GET", "HEAD", "OPTIONS")
_KEPT_HEADERS = {
    "HTTP_SEC_PURPOSE": "sec-purpose",
    "HTTP_PURPOSE": "purpose",
    "HTTP_X_PURPOSE": "x-purpose",
    "HTTP_X_MOZ": "x-moz",
    "HTTP_SEC_FETCH_SITE": "sec-fetch-site",
    "HTTP_SEC_FETCH_MODE": "sec-fetch-mode",
    "HTTP_SEC_FETCH_DEST": "sec-fetch-dest",
    "HTTP_SEC_FETCH_USER": "sec-fetch-user",
}
# Of these only their presence is kept.
_NOTED_HEADERS = {"HTTP_ACCEPT_LANGUAGE": "accept-language", "HTTP_REFERER": "referer", "HTTP_FROM": "from"}
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_WRAPPED = re.compile(r"=?[\r\n]+|[\s\u200b\u00ad]+")
_COMMON = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex, nofollow"),
)


_ALLOW = (("Allow", ", ".join(_METHODS)),)
_NO_EVENT: tuple[str, Event | None] = ("", None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request gets: status line, headers, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Tracker:
    """Answers `/o/<token>` and `/c/<token>`. `unknown` answers every path and token that is not ours.

    `finish` has the last word on an answer, by the path that was asked for.
    """

    def __init__(
        self,
        ctx: Context,
        unknown: "WSGIApplication | None" = None,
        *,
        patience: float = PATIENCE,
        finish: Callable[[str, Reply], Reply] | None = None,
    ) -> None:
        self._ctx = ctx
        self._finish = finish
        self._unknown: WSGIApplication = unknown or not_found
        self._events = {prefix: (kind, events()[kind]) for prefix, kind in prefixes().items()}
        self._origin = secrets.token_hex(4)
        self._count = itertools.count()
        self._spool = Spool(ctx.settings.data_dir / "spool")
        self._file = _file_of(ctx)
        self._database: Gatherer[Hit] = Gatherer("hits", self._commit, self._to_disk, patience=patience)
        self._disk: Gatherer[Hit] = Gatherer("hits-spool", self._spool.append, self._hold, patience=DISK_PATIENCE)
        self._held: deque[Hit] = deque(maxlen=MOST_HELD)  # neither database nor disk would take them
        self._draining = threading.Lock()
        self._stopping = threading.Event()
        self._drainer = threading.Thread(target=self._drain_often, name="hits-drain", daemon=True)

    def start(self) -> None:
        """Begin to keep hits, and take back what an earlier process left in the spool."""
        self._disk.start()
        self._database.start()
        self._drainer.start()

    def stop(self) -> None:
        """Keep what is under way and end."""
        self._database.stop()
        self._disk.stop()
        self._stopping.set()
        self._drainer.join(10.0)
        self._spool.close()

    @staticmethod
    def wants(path: str) -> bool:
        """Whether a path begins as the links of a tracked event do."""
        return _prefix(path) in prefixes()

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333), and wait until its hit is safe."""
        said: list[Reply] = []
        gate = threading.Lock()
        gate.acquire()

        def send(reply: Reply) -> None:
            said.append(reply)
            gate.release()

        if not self.take(environ, send):
            return self._unknown(environ, start_response)
        gate.acquire()
        (reply,) = said
        start_response(reply.status, list(reply.headers))
        return [reply.body] if reply.body else []

    def take(self, environ: "WSGIEnvironment", send: Callable[[Reply], object]) -> bool:
        """Have the answer to a request sent once its hit is safe, by a thread of ours. False when it is not ours."""
        path: str = environ.get("PATH_INFO", "")
        prefix = _prefix(path)
        kind, event = self._events.get(prefix, _NO_EVENT)
        target = event.read(self._ctx.keys, bare_token(path[len(prefix) :])) if event else None
        answer = event.answer(target) if event and target else None
        if target is None or answer is None:
            return False
        method: str = environ.get("REQUEST_METHOD", "GET")
        if method not in _METHODS:
            send(_reply("405 Method Not Allowed", _ALLOW))
            return True
        if method == "OPTIONS":
            reply = _reply("204 No Content", _ALLOW)
        else:
            reply = _reply(answer.status, answer.headers, answer.body, silent=method == "HEAD")
        reply = self._finish(path, reply) if self._finish else reply
        self._database.offer(self._hit(kind, target, method, environ), partial(send, reply))
        return True

    def _hit(self, kind: str, target: Target, method: str, environ: "WSGIEnvironment") -> Hit:
        """The request as it is kept."""
        real = self._ctx.clock.real()
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")[-1000:]
        address = client_address(environ.get("REMOTE_ADDR", ""), forwarded, self._ctx.settings.trusted_proxies)
        return Hit(
            f"{int(real.timestamp() * 1_000_000):014x}-{self._origin}-{next(self._count):x}",
            kind,
            target.message_id,
            target.link,
            target.url,
            real,
            self._ctx.clock.engine(),
            method,
            readable(environ.get("HTTP_USER_AGENT", ""), 300),
            truncated(address),
            telling(environ),
        )

    def _to_disk(self, waiting: Sequence[tuple[Hit, Then]]) -> None:
        """What the database does not take in time."""
        for hit, then in waiting:
            self._disk.offer(hit, then)

    def _hold(self, waiting: Sequence[tuple[Hit, Then]]) -> None:
        """What the disk does not take either."""
        for hit, then in waiting:
            self._held.append(hit)
            _log.error("hit_held_in_memory", key=hit.key, kind=hit.kind, message=hit.message_id, link=hit.link)
            tell((then,))

    def _commit(self, batch: list[Hit]) -> None:
        if _file_of(self._ctx) != self._file:
            raise OSError("the database's file is not the one this process opened")
        with self._ctx.database.write(urgent=True) as conn:
            store.keep(conn, batch)
        HITS.add("database", count=len(batch))
        self._ctx.wake.hits.set()
        if len(batch) >= CROWD:
            self._ctx.wake.crowd.set()

    def _drain_often(self) -> None:
        while True:
            try:
                self.drain()
                refusal.drain(self._ctx)
            except Exception as error:  # noqa: BLE001 - the database is still away; tried again
                _log.warning("spool_waits", error=brief(error))
            if self._stopping.wait(DRAIN_EVERY):
                return

    def drain(self) -> int:
        """Bring what is in the spool and in memory into the database; gives how many. Nothing enters twice."""
        with self._draining:
            return self._drain_memory() + sum(self._drain_file(path) for path in self._spool.finished())

    def _drain_memory(self) -> int:
        done = 0
        while self._held:
            chunk = [self._held[index] for index in range(min(len(self._held), DRAIN_CHUNK))]
            self._commit(chunk)
            for _ in chunk:
                self._held.popleft()
            done += len(chunk)
        return done

    def _drain_file(self, path: Path) -> int:
        done = 0
        lines = read_back(path)
        while chunk := list(itertools.islice(lines, DRAIN_CHUNK)):
            self._commit(chunk)
            done += len(chunk)
        path.unlink(missing_ok=True)
        return done


def _file_of(ctx: Context) -> tuple[int, int] | None:
    """Which file the database is in. SQLite writes on into one that was removed or replaced, and nobody reads it."""
    path = ctx.database.url.database
    if not ctx.database.is_sqlite or not path:
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - at each commit
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def bare_token(text: str) -> str:
    """The token in what mail programs make of it: wrapped, encoded once more, with signs or parameters behind it."""
    if _TOKEN.fullmatch(text):
        return text
    if "%" in text:
        text = unquote(text)
    found = _TOKEN.match(_WRAPPED.sub("", text))
    return found[0] if found else ""


def _prefix(path: str) -> str:
    return path[: path.find("/", 1) + 1]


def not_found(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The small page for every unknown path and token, in both languages."""
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", "default-src 'none'"))
    reply = _reply("404 Not Found", headers, _page(), silent=environ.get("REQUEST_METHOD") == "HEAD")
    start_response(reply.status, list(reply.headers))
    return [reply.body] if reply.body else []


@lru_cache(maxsize=1)
def _page() -> bytes:
    title = " · ".join(translate(language, "There is nothing here") for language in LANGUAGES)
    texts = [(language, translate(language, "This link leads nowhere. It may be cut off.")) for language in LANGUAGES]
    said = "".join(f'<p lang="{language}">{escape(text)}</p>' for language, text in texts)
    metas = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"<head>{metas}<title>{escape(title)}</title></head>"
    page = f'<!doctype html><html lang="{LANGUAGES[0]}">{head}<body><h1>{escape(title)}</h1>{said}</body></html>'
    return page.encode()


def _reply(
    status: str,
    headers: Iterable[tuple[str, str]],
    body: bytes = b"",
    *,
    silent: bool = False,
) -> Reply:
    size = () if status.startswith("204") else (("Content-Length", str(len(body))),)
    return Reply(status, (*headers, *_COMMON, *size), b"" if silent else body)


def readable(raw: str, limit: int) -> str:
    """A header's value as text: WSGI gives bytes as Latin-1 (PEP 3333); one line of at most `limit` characters."""
    return _readable(raw[: limit * 4], limit)


@lru_cache(maxsize=4096)
def _readable(raw: str, limit: int) -> str:
    return clean(raw.encode("latin-1", "replace").decode("utf-8", "replace"), limit)


def telling(environ: "WSGIEnvironment") -> Mapping[str, str]:
    """The headers that tell machines from people, shortened; of some only that they are there. Not to be changed."""
    get = environ.get
    return _telling(tuple([get(key) for key in _KEPT_HEADERS]), tuple([not get(key) for key in _NOTED_HEADERS]))


@lru_cache(maxsize=4096)
def _telling(kept: tuple[str | None, ...], absent: tuple[bool, ...]) -> Mapping[str, str]:
    found = {name: readable(raw, 60) for name, raw in zip(_KEPT_HEADERS.values(), kept, strict=True) if raw is not None}
    return found | {name: "yes" for name, gone in zip(_NOTED_HEADERS.values(), absent, strict=True) if not gone}
