"""Webhooks and text messages: how they stand, what was answered, and having one tried again. Also on a lead's page."""

from datetime import datetime

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaigns
from nurture.kernel.errors import NotFoundError
from nurture.leads.model import Lead
from nurture.outbound import service, store
from nurture.outbound.model import CallKind, CallState
from nurture.users.model import Person
from nurture.web.blocks import Block
from nurture.web.calling import account, kinds, line, states
from nurture.web.language import language, say
from nurture.web.page import back, read, real, render, toast, whole, write
from nurture.web.session import person

blueprint = Blueprint("calls", __name__)

_ON_LEAD = 6


@blueprint.get("/campaigns/<key>/calls")
def index(key: str) -> ResponseReturnValue:
    """The webhooks and text messages of a campaign, the latest first; narrowed by kind and state."""
    query = request.args
    state = query.get("state", "") if query.get("state") in set(CallState) else ""
    kind = query.get("kind", "") if query.get("kind") in set(CallKind) else ""
    before = whole(query.get("before"))
    with read() as conn:
        stored = campaigns.get(conn, key)
        if stored is None:
            raise NotFoundError
        counts = account(conn, key)
        rows, older = store.page(conn, campaign=key, state=state, kind=kind, seen_by=person(), before=before)
    return render(
        "calls/index.html", stored=stored, name=stored.named(language()), rows=[line(one) for one in rows],
        older=older, first=before is None, state=state, kind=kind, account=counts, states=states(),
        kinds=kinds(), only_mine=not person().sees_all,
    )  # fmt: skip


@blueprint.post("/calls/<public_id>/retry")
def retry(public_id: str) -> ResponseReturnValue:
    """Have a call that failed, or whose answer never came, tried again."""
    with write() as conn:
        service.retry(conn, person(), public_id, real=real())
        found = store.get(conn, public_id)
    toast(say("It is tried again"))
    return back(url_for("calls.index", key=found.campaign_key) if found and found.campaign_key else "/")


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """The latest webhooks and text messages about this lead, beside its emails."""
    if request.args.get("tab") != "emails":
        return []
    rows = [line(one) for one in store.of_lead(conn, lead.id, _ON_LEAD)]
    return [Block(60, "calls/_lead.html", {"rows": rows, "states": states(), "kinds": kinds()})] if rows else []
