"""What a person does on a lead's page: POSTs that answer 303 to the page, or 422 with the page and its form."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine.leave import take_out
from nurture.enrollments import service as enrollments
from nurture.enrollments import store as enrolled
from nurture.enrollments.model import EnrollmentState
from nurture.kernel.errors import ConflictError, InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import clean
from nurture.leads import desk
from nurture.leads.model import Temperature
from nurture.opportunities import service as opportunities
from nurture.opportunities.model import NewOpportunity
from nurture.scoring import service as scoring
from nurture.scoring.model import ScoringRules
from nurture.web import agreeing, refusing
from nurture.web.language import say
from nurture.web.page import context, facts, go, hand, known, submitted, toast, whole, write
from nurture.web.pages.lead import page
from nurture.web.selling import pipeline_of
from nurture.web.session import person, safe_path
from nurture.web.words import reason

blueprint = Blueprint("lead_actions", __name__, url_prefix="/leads/<public_id>")


def _done(public_id: str) -> ResponseReturnValue:
    return go(safe_path(request.form.get("next")) or url_for("lead.show", public_id=public_id))


def _try(public_id: str, name: str, act: Callable[[Connection], Any]) -> ResponseReturnValue | None:
    """Do it in one transaction; the page with the refused form, or None when it is done."""
    try:
        with write() as conn:
            act(conn)
    except InputError as error:
        return page(public_id, 422, submitted(error, name))
    return None


def _undo(endpoint: str, public_id: str, **fields: Any) -> dict[str, Any]:
    sent = {key: str(value) for key, value in fields.items()}
    return {"undo": url_for(f"lead_actions.{endpoint}", public_id=public_id), "fields": sent}


@blueprint.post("/tag")
def tag(public_id: str) -> ResponseReturnValue:
    """Put a tag on."""
    label = request.form.get("tag", "")
    refused = _try(public_id, "tag", lambda conn: desk.tag(conn, hand(), public_id, label))
    if refused is None:
        toast(say("Tagged “%(tag)s”", tag=label.strip()), **_undo("untag", public_id, tag=label))
    return refused or _done(public_id)


@blueprint.post("/untag")
def untag(public_id: str) -> ResponseReturnValue:
    """Take a tag off."""
    label = request.form.get("tag", "")
    refused = _try(public_id, "tag", lambda conn: desk.untag(conn, hand(), public_id, label))
    if refused is None:
        toast(say("The tag “%(tag)s” was taken off", tag=label), **_undo("tag", public_id, tag=label))
    return refused or _done(public_id)


@blueprint.post("/record")
def record(public_id: str) -> ResponseReturnValue:
    """A call with its outcome, or a note."""
    text, outcome = request.form.get("note", ""), request.form.get("outcome", "")
    is_call = request.form.get("kind") == "call"

    def act(conn: Connection) -> None:
        if is_call:
            desk.log_call(conn, hand(), public_id, outcome, text)
        else:
            desk.note(conn, hand(), public_id, text)

    refused = _try(public_id, "call" if is_call else "note", act)
    if refused is None:
        toast(say("The call is noted") if is_call else say("The note is kept"))
        context().wake.reactions.set()
    return refused or _done(public_id)


@blueprint.post("/temperature")
def temperature(public_id: str) -> ResponseReturnValue:
    """Set the temperature by hand, with the reason."""
    wanted, why = request.form.get("temperature", ""), request.form.get("reason", "")

    def act(conn: Connection) -> None:
        lead = desk.take(conn, person(), public_id)
        if wanted not in set(Temperature):
            problem = Problem("no_temperature", N_("Choose a temperature"), path="temperature")
            raise InputError([problem])
        rules = _rules(conn)
        by = hand()
        scoring.set_temperature(
            conn, person().actor, lead.id, Temperature(wanted), why, rules, now=by.now, real=by.real
        )  # fmt: skip
        desk.audit(conn, by, lead, "lead.set_temperature", {"temperature": wanted, "reason": clean(why)})

    refused = _try(public_id, "temperature", act)
    if refused is None:
        toast(say("The temperature is set"))
        context().wake.reactions.set()
    return refused or _done(public_id)


def _rules(conn: Connection) -> ScoringRules:
    live = known(conn).scoring(facts(conn))
    if live is None:
        raise ConflictError(N_("There are no scoring rules yet: nurture apply"))
    return live


@blueprint.post("/owner")
def owner(public_id: str) -> ResponseReturnValue:
    """Somebody else in charge, or nobody."""
    wanted = whole(request.form.get("owner"))
    seen: dict[str, int | None] = {}

    def act(conn: Connection) -> None:
        seen["before"] = desk.give_to(conn, hand(), public_id, wanted)
        seen["sees_all"] = int(person().sees_all or wanted in {None, person().id})

    refused = _try(public_id, "owner", act)
    if refused is not None:
        return refused
    undo = _undo("owner", public_id, owner=seen["before"] or "") if seen["sees_all"] else {}
    toast(say("The owner is changed"), **undo)
    return _done(public_id) if seen["sees_all"] else go(url_for("leads.index"))


@blueprint.post("/mail")
def mail(public_id: str) -> ResponseReturnValue:
    """Stop all automatic mail, or let it go again."""
    why = request.form.get("reason", "")
    if request.form.get("do") == "resume":
        refused = _try(public_id, "mail", lambda conn: desk.resume_mail(conn, hand(), public_id))
        text, undo = say("Automatic mail may go again"), _undo("mail", public_id, do="stop", reason=why)
    else:
        refused = _try(public_id, "mail", lambda conn: desk.stop_mail(conn, hand(), public_id, why))
        text, undo = say("Automatic mail is stopped"), _undo("mail", public_id, do="resume")
    if refused is None:
        toast(text, **undo)
    return refused or _done(public_id)


@blueprint.post("/consent")
def consent(public_id: str) -> ResponseReturnValue:
    """The lead told us that we may write: kept with its proof. It lifts no refusal."""
    try:
        with write() as conn:
            new = agreeing.keep(conn, desk.take(conn, person(), public_id))
    except InputError as error:
        return page(public_id, 422, agreeing.sent(error, "consent"))
    context().wake.reactions.set()
    toast(say("The consent is kept") if new else say("The same consent stands there already"))
    return go(url_for("lead.show", public_id=public_id, tab="consents"))


@blueprint.post("/refusal")
def refusal(public_id: str) -> ResponseReturnValue:
    """The lead told us not to write or call any more, or not about a topic: kept with its proof, for good."""
    refused = _try(public_id, "refusal", lambda conn: refusing.keep(conn, desk.take(conn, person(), public_id)))
    if refused is None:
        context().wake.reactions.set()
        toast(say("The refusal is kept and holds from now on"))
    return refused or _done(public_id)


@blueprint.post("/conflicts/<int:conflict>")
def conflict(public_id: str, conflict: int) -> ResponseReturnValue:
    """Decide between the lead's value and the other one that came in."""
    keep_other = request.form.get("keep") == "other"
    with write() as conn:
        desk.settle_conflict(conn, hand(), public_id, conflict, keep_other=keep_other)
    toast(say("Decided"))
    return go(url_for("lead.show", public_id=public_id, tab="info"))


@blueprint.post("/enroll")
def enroll(public_id: str) -> ResponseReturnValue:
    """Into a campaign by hand; a "no" is kept as a decision and shows its reason."""
    key = request.form.get("campaign", "")
    with write() as conn:
        lead, by = desk.take(conn, person(), public_id), hand()
        actor = person().actor
        entered = enrollments.enroll(conn, key, [lead.id], cause=actor, now=by.now, real=by.real, actor=actor)
        refused = next((one for one in entered if one.reason is not None), None)
        if refused is None:
            desk.audit(conn, by, lead, "lead.enroll", {"campaign": key})
    if refused is not None and refused.reason is not None:
        problem = Problem("not_enrolled", reason(refused.reason.value, refused.detail), path="campaign")
        return page(public_id, 422, submitted(InputError([problem]), "enroll"))
    toast(say("In the campaign now; the first step comes with the next tick"))
    return _done(public_id)


@blueprint.post("/leave")
def leave(public_id: str) -> ResponseReturnValue:
    """Out of a campaign by hand; mails of it that have not gone are taken back."""
    asked = request.form.get("enrollment", "")
    with write() as conn:
        lead, by = desk.take(conn, person(), public_id), hand()
        active = {str(one.id) for one in enrolled.of_lead(conn, lead.id) if one.state is EnrollmentState.ACTIVE}
        if asked not in active:
            raise ConflictError(N_("The lead is not in this campaign any more"))
        take_out(conn, [int(asked)], now=by.now, real=by.real, actor=person().actor)
        desk.audit(conn, by, lead, "lead.leave_campaign", {"enrollment": int(asked)})
    toast(say("Out of the campaign"))
    return _done(public_id)


@blueprint.post("/opportunity")
def opportunity(public_id: str) -> ResponseReturnValue:
    """An opportunity in one click."""
    opened: list[str] = []
    there = whole(request.form.get("known"))

    def act(conn: Connection) -> None:
        lead, by = desk.take(conn, person(), public_id), hand()
        pipeline = pipeline_of(conn)
        if pipeline is None:
            raise ConflictError(N_("There is no pipeline yet: nurture apply"))
        one = opportunities.open_by_hand(
            conn, person(), NewOpportunity(lead.id), pipeline, now=by.now, real=by.real,
            zone=context().settings.local_zone, known=there,
        )  # fmt: skip
        desk.audit(conn, by, lead, "lead.open_opportunity", {"opportunity": one.public_id})
        opened.append(one.public_id)

    refused = _try(public_id, "opportunity", act)
    if refused is not None:
        return refused
    context().wake.reactions.set()
    toast(say("An opportunity is open"))
    return go(url_for("opportunities.show", public_id=opened[0]))
