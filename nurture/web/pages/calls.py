"""Webhooks and text messages: how they stand, what was answered, and having one tried again. Also on a lead's page."""

from datetime import datetime

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaigns
from nurture.consents import service as consents
from nurture.consents.model import Channel, Method, Purpose, SuppressionReason
from nurture.consents.service import LONGEST_PROOF, Said
from nurture.kernel.errors import InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import desk
from nurture.leads.model import Lead
from nurture.outbound import service, store
from nurture.outbound.model import CallKind, CallState
from nurture.outbound.refusal import sms_refusal
from nurture.users.model import Person, may_edit_lead
from nurture.web import refusing
from nurture.web.blocks import Block
from nurture.web.calling import account, kinds, line, states
from nurture.web.language import language, say
from nurture.web.page import back, context, go, hand, read, real, render, submitted, toast, whole, write
from nurture.web.pages.lead import page as lead_page
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


@blueprint.post("/leads/<public_id>/texts")
def texts(public_id: str) -> ResponseReturnValue:
    """The lead told us that we may, or may not, send them text messages: kept with its proof."""
    says_yes = request.form.get("do") == "agree"
    try:
        with write() as conn:
            new = _agree(conn, public_id) if says_yes else _refuse(conn, public_id)
    except InputError as error:
        return lead_page(public_id, 422, submitted(error, "texts"))
    context().wake.reactions.set()
    toast(say("It is kept") if new else say("The same stands there already"))
    return go(url_for("lead.show", public_id=public_id, tab="consents"))


def _agree(conn: Connection, public_id: str) -> bool:
    lead, said = _told(conn, public_id)
    if not said.proof:
        text = N_("Consent needs its proof: how, when, and to which text it was given")
        raise InputError([Problem("no_proof", text, path="proof")])
    new = consents.write_down(
        conn, context().keys, lead.id, lead.phone, said, [Purpose.ADVERTISING], Channel.SMS
    )  # fmt: skip
    desk.audit(conn, hand(), lead, "lead.consent", {"channel": Channel.SMS.value})
    return new


def _refuse(conn: Connection, public_id: str) -> bool:
    lead, said = _told(conn, public_id)
    keys, no = context().keys, SuppressionReason.UNSUBSCRIBED
    new = consents.suppress(conn, keys, lead.phone or "", no, said=said, channel=Channel.SMS)
    desk.audit(conn, hand(), lead, "lead.refusal", {"channel": Channel.SMS.value})
    return consents.withdraw(conn, lead.id, said, channel=Channel.SMS) or new


def _told(conn: Connection, public_id: str) -> tuple[Lead, Said]:
    """Whose word it is, and how it reached us."""
    lead, by = desk.take(conn, person(), public_id), hand()
    if not lead.phone:
        raise InputError([Problem("no_phone", N_("The lead has no phone number"))])
    actor, proof = by.person.actor, request.form.get("proof", "").strip()[:LONGEST_PROOF]
    return lead, Said(Method.PERSON, actor, actor, actor, by.now, by.real, proof)


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """The latest webhooks and text messages about this lead beside its emails; its word on texts beside consents."""
    tab = request.args.get("tab")
    if tab == "consents" and lead.phone:
        standing = refusing.stands(conn, lead)[Channel.SMS]
        refusal = sms_refusal(standing, "advertising")
        may = may_edit_lead(who, lead.owner_id)
        return [Block(60, "calls/_word.html", {"refusal": refusal, "may": may, "closed": standing.refused})]
    rows = [line(one) for one in store.of_lead(conn, lead.id, _ON_LEAD)] if tab == "emails" else []
    return [Block(60, "calls/_lead.html", {"rows": rows, "states": states(), "kinds": kinds()})] if rows else []
