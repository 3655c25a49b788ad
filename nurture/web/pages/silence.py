"""A lead's reply: noted by hand, and looked at. Why mail waits stands on the lead's page."""

from datetime import datetime

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine import answering
from nurture.leads import replies
from nurture.leads.model import Lead
from nurture.users.model import Person
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.page import back, context, go, hand, toast, write

blueprint = Blueprint("silence", __name__, url_prefix="/leads/<public_id>")


@blueprint.post("/replied")
def replied(public_id: str) -> ResponseReturnValue:
    """The lead has replied somewhere: automatic mail waits until somebody has looked."""
    with write() as conn:
        replies.log_reply(conn, hand(), public_id, request.form.get("text", ""))
    context().wake.reactions.set()
    toast(say("The reply is kept; automatic mail waits"))
    return go(url_for("lead.show", public_id=public_id))


@blueprint.post("/looked")
def looked(public_id: str) -> ResponseReturnValue:
    """Somebody has looked at the reply: automatic mail may go again."""
    with write() as conn:
        done = answering.looked(conn, hand(), public_id)
    context().wake.reactions.set()
    toast(say("Looked at; automatic mail may go again") if done else say("Somebody has looked already"))
    return back(url_for("lead.show", public_id=public_id))


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """Where a reply is noted that came in elsewhere; while one waits, the top of the page has it."""
    return [Block(35, "silence/_log.html", {"lead": lead})] if who.may_edit and lead.replied_at is None else []
