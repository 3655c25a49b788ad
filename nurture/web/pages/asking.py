"""Asking a lead by mail, once, to agree: a button on the tab of consents."""

from datetime import datetime

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.kernel.errors import ConflictError, ForbiddenError
from nurture.kernel.i18n import N_
from nurture.leads import desk
from nurture.leads.model import Lead
from nurture.tracking import agreeing
from nurture.users.model import Person, may_edit_lead
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.page import context, go, hand, toast, write
from nurture.web.session import person

blueprint = Blueprint("asking", __name__)


@blueprint.post("/leads/<public_id>/ask-consent")
def ask(public_id: str) -> ResponseReturnValue:
    """Ask the lead by mail to agree, once."""
    by = hand()
    try:
        with write() as conn:
            lead = desk.see(conn, person(), public_id)
            if not may_edit_lead(person(), lead.owner_id):
                raise ForbiddenError(N_("You may look at leads, not change them"))
            agreeing.ask(conn, context(), lead, now=by.now, real=by.real, actor=by.person.actor)
            desk.audit(conn, by, lead, "lead.ask_consent")
    except ConflictError as error:
        toast(say(error.message, **error.params))
        return go(url_for("lead.show", public_id=public_id, tab="consents"))
    context().wake.messages.set()
    toast(say("The mail that asks is on its way"))
    return go(url_for("lead.show", public_id=public_id, tab="consents"))


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """Where a lead is asked by mail to agree, on the tab of consents."""
    if request.args.get("tab") != "consents" or not lead.email or not may_edit_lead(who, lead.owner_id):
        return []
    return [Block(20, "leads/_ask_consent.html", {"asked": agreeing.of_lead(conn, lead.id)})]
