"""How requests come from granian: tracked links are answered when their batch is committed, pages by a pool of threads.

granian's own wrapper of a WSGI callable keeps a thread busy until the answer is there, and a thousand hits that wait
for their commit would be a thousand threads that fight for the interpreter. What it hands over to answer by may be
used later and from any thread; so one thread takes every request, none waits, and slow pages hold up no hit.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from granian.server import mp

from nurture.tracking.edge import Reply, Tracker
from nurture.tracking.writer import brief

_log = structlog.get_logger(__name__)
_PAGES = 16  # at a time
_WRAPPER = "_wsgi_call_wrap"  # by which granian's worker gets from a WSGI callable to what is called for each request


Runner = Callable[[Any, dict[str, Any]], Any]


def can_answer_later() -> bool:
    """Whether this granian lets us stand between it and its wrapper; else every request needs a thread of its own."""
    return callable(getattr(mp, _WRAPPER, None))


def answer_later(tracker: Tracker) -> None:
    """From now on have the workers that granian starts in this process take tracked links without waiting."""
    wrap = getattr(mp, _WRAPPER)

    def wrapped(callback: Any, *options: Any, **more: Any) -> Runner:
        return taking(tracker, wrap(callback, *options, **more))

    setattr(mp, _WRAPPER, wrapped)


def taking(tracker: Tracker, page: Runner) -> Runner:
    """What granian calls for each request: `page` in a pool, unless it is a tracked link."""
    pool = ThreadPoolExecutor(_PAGES, thread_name_prefix="pages")
    wants, take = tracker.wants, tracker.take

    def show(protocol: Any, scope: dict[str, Any]) -> None:
        try:
            page(protocol, scope)
        except Exception as error:  # noqa: BLE001 - whoever waits gets an answer
            _log.error("request_failed", error=brief(error))
            protocol.response_bytes(500, [], b"")

    def run(protocol: Any, scope: dict[str, Any]) -> None:
        def send(reply: Reply) -> None:
            protocol.response_bytes(int(reply.status[:3]), list(reply.headers), reply.body)

        if not (wants(scope["PATH_INFO"]) and take(scope, send)):
            if _has_body(scope):  # granian lets a body go as soon as we return
                show(protocol, scope)
            else:
                pool.submit(show, protocol, scope)

    return run


def _has_body(scope: dict[str, Any]) -> bool:
    return bool(scope.get("HTTP_TRANSFER_ENCODING")) or scope.get("CONTENT_LENGTH", "0") not in {"", "0"}
