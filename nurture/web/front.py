"""What granian calls: tracked links first, without Flask; everything else is a page."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nurture.kernel.context import Context
from nurture.tracking.edge import Tracker
from nurture.web.app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def front(context: Context) -> "tuple[WSGIApplication, Tracker]":
    """The WSGI callable of the web process, and the tracker that starts and stops with it."""
    pages = create_app(context)
    tracker = Tracker(context, unknown=pages)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if tracker.wants(environ.get("PATH_INFO", "")):
            return tracker.wsgi(environ, start_response)
        return pages(environ, start_response)

    return application, tracker
