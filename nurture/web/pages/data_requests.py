"""What people ask us to do with their data: the list with its due dates, one request, a copy of it all, erasing."""

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.consents.model import Method
from nurture.consents.requests import RequestKind
from nurture.engine import erasing, exporting, requests
from nurture.engine.requests import Listed
from nurture.kernel.errors import ForbiddenError, InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import desk, store
from nurture.leads.model import Lead
from nurture.policy.laws import profile
from nurture.users.model import Person
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.page import Form, context, go, hand, now, read, real, render, submitted, toast, write
from nurture.web.pages.lead import page as lead_page
from nurture.web.session import person

blueprint = Blueprint("data_requests", __name__)

KINDS = {RequestKind.EXPORT: N_("A copy of their data"), RequestKind.ERASE: N_("To be forgotten")}
WAYS = {
    Method.REPLY: N_("In a reply"),
    Method.PHONE: N_("On the phone"),
    Method.PERSON: N_("In person"),
    Method.PAPER: N_("On paper"),
    Method.PAGE: N_("On our page"),
}
_STATES = {"open": N_("Open"), "done": N_("Done"), "refused": N_("Not done")}


def _words() -> dict[str, Any]:
    return {
        "kinds": {key.value: say(text) for key, text in KINDS.items()},
        "ways": {key.value: say(text) for key, text in WAYS.items()},
        "states": {key: say(text) for key, text in _STATES.items()},
        "law": context().settings.law,
    }


@blueprint.get("/requests")
def index() -> ResponseReturnValue:
    """Every open request, the most pressing first, and what was ended lately."""
    with read() as conn:
        found = requests.opened(conn, person())
        past = requests.ended(conn, person(), 50)
    return render("requests/index.html", rows=found, past=past, at=now(), **_words())


def _is_shown() -> bool:
    return person().may_define


index.is_shown = _is_shown  # type: ignore[attr-defined]


@blueprint.get("/requests/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One request, and what can be done about it."""
    return _show(public_id)


def _show(public_id: str, status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    with read() as conn:
        found = requests.get(conn, person(), public_id)
        lead = _living(conn, found)
        under_way = erasing.look(conn, lead) if lead else None
    return render("requests/show.html", status, one=found.request, found=found, lead=lead, under_way=under_way,
                  form=form or Form({}), at=now(), **_words())  # fmt: skip


def _living(conn: Connection, found: Listed) -> Lead | None:
    return None if found.erased else store.by_public_id(conn, found.lead_public_id, person())


@blueprint.post("/requests/<public_id>/answered")
def answered(public_id: str) -> ResponseReturnValue:
    """The person was told that it was heard."""
    with write() as conn:
        requests.answered(conn, hand(), public_id)
    toast(say("Kept: they were answered"))
    return go(url_for("data_requests.show", public_id=public_id))


@blueprint.post("/requests/<public_id>/done")
def done(public_id: str) -> ResponseReturnValue:
    """The copy was handed over."""
    with write() as conn:
        requests.done(conn, hand(), public_id)
    toast(say("Kept: the copy was handed over"))
    return go(url_for("data_requests.index"))


@blueprint.post("/requests/<public_id>/refuse")
def refuse(public_id: str) -> ResponseReturnValue:
    """It is not done, and why."""
    try:
        with write() as conn:
            requests.refuse(conn, hand(), public_id, request.form.get("note", ""))
    except InputError as error:
        return _show(public_id, 422, submitted(error, "refuse"))
    toast(say("Kept: it is not done"))
    return go(url_for("data_requests.index"))


@blueprint.post("/requests/<public_id>/erase")
def erase(public_id: str) -> ResponseReturnValue:
    """Forget the lead. What confirms it is typed, since it cannot be taken back."""
    with read() as conn:
        found = requests.get(conn, person(), public_id)
        lead = _living(conn, found)
    wanted = (lead.email or lead.phone or lead.public_id) if lead else ""
    if request.form.get("confirm", "").strip().lower() != wanted.lower():
        problem = Problem("not_confirmed", N_("Type %(what)s to erase"), path="confirm", params=(("what", wanted),))
        return _show(public_id, 422, submitted(InputError([problem]), "erase"))
    with write() as conn:
        requests.forget(conn, context().keys, hand(), public_id)
    toast(say("Erased"))
    return go(url_for("data_requests.index"))


@blueprint.post("/leads/<public_id>/requests")
def ask(public_id: str) -> ResponseReturnValue:
    """Keep what the lead asked a member of staff."""
    form = request.form
    settings = context().settings
    try:
        with write() as conn:
            lead = desk.see(conn, person(), public_id)
            kept = requests.write_down(
                conn, hand(), lead, form.get("kind", ""), form.get("via", ""), form.get("words", ""),
                law=profile(settings.law), zone=settings.local_zone,
            )  # fmt: skip
    except InputError as error:
        return lead_page(public_id, 422, submitted(error, "request"))
    toast(say("The request is kept, with its due date"))
    if person().may_define:
        return go(url_for("data_requests.show", public_id=kept.public_id))
    return go(url_for("lead.show", public_id=public_id))


@blueprint.post("/leads/<public_id>/copy")
def copy(public_id: str) -> ResponseReturnValue:
    """Everything kept of the lead as a file: to be read, or for programs."""
    who = person()
    if not who.may_define:
        raise ForbiddenError(N_("Copies of everything are made by marketers and admins"))
    settings = context().settings
    as_data = request.form.get("form") == "json"
    with context().database.snapshot() as conn:
        lead = desk.see(conn, who, public_id)
        found = exporting.collect(conn, context().keys, lead, real=real())
    with write() as conn:
        requests.note_export(conn, lead, real=real(), actor=who.actor)
    if as_data:
        text, kind, ending = json.dumps(found, ensure_ascii=False, indent=1, default=str), "application/json", "json"
    else:
        house = settings.house_name or "nurture"
        text = exporting.page(found, lead.language or settings.language, settings.local_zone, house)
        kind, ending = "text/html", "html"
    name = f"nurture-{lead.public_id}.{ending}"
    return Response(
        text, content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )  # fmt: skip


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """Where a request is kept that came in elsewhere, and a copy made."""
    if not who.may_edit:
        return []
    ways = [(key.value, say(text)) for key, text in WAYS.items()]
    kinds = [(key.value, say(text)) for key, text in KINDS.items()]
    return [Block(80, "requests/_ask.html", {"lead": lead, "ways": ways, "kinds": kinds, "copies": who.may_define})]
