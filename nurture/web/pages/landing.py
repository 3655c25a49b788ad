"""Where the links of the demo's mails end: a page that says what would stand here. Only in the demo.

It is asked for with the link's own signed token, so that it shows nothing but addresses that we wrote ourselves, as
text, and leads nowhere outside.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.engine import Connection

from nurture.kernel import installation
from nurture.kernel.errors import NotFoundError
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.messages import links
from nurture.messages import store as messages
from nurture.tracking import store as tracking
from nurture.tracking.edge import readable, telling
from nurture.tracking.model import Hit, Verdict
from nurture.tracking.verdict import judge_alone, sentence
from nurture.users.model import may_see_lead
from nurture.web.language import language
from nurture.web.page import context, now, read, real
from nurture.web.session import person, public

blueprint = Blueprint("landing", __name__)

PATH = "/your-page/"
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def is_example(url: str) -> bool:
    """Whether the address is one where nothing can ever answer: under .example (RFC 2606)."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host.rpartition(".")[2] == "example"


@blueprint.get(f"{PATH}<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The page, with the way to the lead for somebody who may see it."""
    click = links.read_click(context().keys, token)
    if click is None or not is_example(click.target):
        raise NotFoundError
    with read() as conn:
        row = installation.load(conn)
        if row is None or not row.demo:
            raise NotFoundError
        lead = _lead(conn, click.message_id) if current_user.is_authenticated else None
        verdict, reason = _verdict(conn, click)
    settings = context().settings
    page = render_template(
        "public/landing.html", address=click.target, lead=lead, firm=settings.house_name, verdict=verdict,
        reason=reason,
    )  # fmt: skip
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _verdict(conn: Connection, click: links.Click) -> tuple[Verdict | None, str]:
    """Who made the click, as far as it is known, and why: as judged, or by what this request tells of itself.

    What tells a machine by itself is final. Nothing else is known before the click has been judged in its company.
    """
    kept = tracking.last_click(conn, click.message_id, click.position)
    if kept is not None and kept.verdict is not None:
        return kept.verdict, _words(kept.reasons)
    agent = readable(request.environ.get("HTTP_USER_AGENT", ""), 300)
    headers = telling(request.environ)
    hit = Hit("", "click", click.message_id, None, None, real(), now(), request.method, agent, "", headers)
    alone = judge_alone(hit)
    return (alone.verdict, _words(alone.reasons)) if alone.verdict is Verdict.MACHINE else (None, "")


def _words(reasons: Sequence[str]) -> str:
    return ", ".join(sentence(code, language()) for code in reasons)


def _lead(conn: Connection, message_id: int) -> Lead | None:
    """Whose mail it was, for somebody who may see that lead."""
    message = messages.get(conn, message_id)
    found = leads.get(conn, message.lead_id) if message is not None and message.lead_id is not None else None
    return found if found is not None and may_see_lead(person(), found.owner_id) else None
