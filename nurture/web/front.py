"""What granian calls: tracked links first, without Flask; everything else is a page.

In the demo a link to an example address, where nothing can answer, ends at a page of ours (`pages/landing.py`). The hit
is kept with the address that stands in the mail.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.messages.links import CLICK_PATH
from nurture.tracking.edge import Tracker
from nurture.web.app import create_app
from nurture.web.pages import landing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def front(context: Context) -> "tuple[WSGIApplication, Tracker]":
    """The WSGI callable of the web process, and the tracker that starts and stops with it."""
    pages = create_app(context)
    tracker = Tracker(context, unknown=pages)
    with context.database.read() as conn:
        row = installation.load(conn)
    is_demo = row is not None and row.demo

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not tracker.wants(path):
            return pages(environ, start_response)
        return tracker.wsgi(environ, _ending_here(path, start_response) if is_demo else start_response)

    return application, tracker


def _ending_here(path: str, start_response: "StartResponse") -> "StartResponse":
    """Answers as it is told, but sends nobody to an example address: they get our page about it, by the same token."""
    here = landing.PATH + path.removeprefix(CLICK_PATH)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        sent = [(name, here if name == "Location" and landing.is_example(value) else value) for name, value in headers]
        return start_response(status, sent, exc_info) if exc_info else start_response(status, sent)

    return start
