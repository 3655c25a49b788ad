"""What granian calls: tracked links first, without Flask; everything else is a page.

In the demo a link to an example address, where nothing can answer, ends at a page of ours (`pages/landing.py`). The hit
is kept with the address that stands in the mail.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.messages.links import CLICK_PATH
from nurture.tracking.edge import Reply, Tracker
from nurture.web.app import create_app
from nurture.web.pages import landing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def front(context: Context) -> "tuple[WSGIApplication, Tracker]":
    """The WSGI callable of the web process, and the tracker that starts and stops with it."""
    with context.database.read() as conn:
        row = installation.load(conn)
    is_demo = row is not None and row.demo
    tracker = Tracker(context, unknown=create_app(context), finish=_ending_here if is_demo else None)
    return tracker.wsgi, tracker


def _ending_here(path: str, reply: Reply) -> Reply:
    """The answer, but nobody is sent to an example address: they get our page about it, by the same token."""
    here = landing.PATH + path.removeprefix(CLICK_PATH)
    headers = tuple(
        (name, here if name == "Location" and landing.is_example(value) else value) for name, value in reply.headers
    )
    return replace(reply, headers=headers)
