"""Alerts: whom to call and why; taking it on, putting it off, saying that it is none. Also first on Today of sales."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.alerts import letters, service, store
from nurture.alerts.model import Alert
from nurture.alerts.reasons import said, text
from nurture.alerts.triggers.replied import KEY as REPLIED
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import store as leads
from nurture.leads.model import Filters, Lead, Sort, Temperature
from nurture.opportunities import store as deals
from nurture.users.model import Person, may_edit_lead
from nurture.web.blocks import Block
from nurture.web.language import language, say
from nurture.web.later import later_choices, until_of
from nurture.web.page import (
    Form,
    back,
    context,
    is_unchanged,
    known,
    now,
    read,
    real,
    render,
    submitted,
    toast,
    write,
)
from nurture.web.selling import pipeline_of
from nurture.web.session import person
from nurture.web.words import named

blueprint = Blueprint("alerts", __name__)

_FIRST = 6  # on Today
_LATELY = timedelta(days=2)  # so long an alert that was taken back is still spoken of
_HEAT = {"hot": 0, "warm": 1, "cold": 2}


@blueprint.get("/alerts")
def index() -> ResponseReturnValue:
    """What waits for me; for who sees every lead also what waits for others."""
    return _index()


def _index(status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    first = request.args.get("as") == "first"  # as Today shows them
    with read() as conn:
        found, everybody = _chosen(conn, "mine" if first else request.args.get("of", ""))
        version = _version(found)
        if is_unchanged(version):
            return Response(status=204)
        block = _block(conn, found, now(), most=_FIRST if first else None)
        gone = [] if first or everybody else store.taken_back(conn, person().id, now() - _LATELY)
    block |= {"level": 3 if first else 2, "everybody": everybody}
    return render("alerts/index.html", status, block=block, form=form or Form({}), everybody=everybody, gone=gone)


def _chosen(conn: Connection, of: str) -> tuple[Sequence[Alert], bool]:
    """Mine, or everybody's where all leads are seen; who asks for neither gets everybody's when none is theirs."""
    if of != "all" or not person().sees_all:
        mine = store.for_person(conn, person(), now(), limit=100)
        if mine or of == "mine" or not person().sees_all:
            return mine, False
    return store.for_everybody(conn, now()), True


def _version(found: Sequence[Alert]) -> str:
    """Changes when an alert comes, goes, or says other reasons."""
    told = ",".join(f"{alert.id}:{alert.owner_id}:{alert.reasons}" for alert in found)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _block(conn: Connection, found: Sequence[Alert], at: datetime, most: int | None = None) -> dict[str, Any]:
    """What the list of alerts shows, on its own page and on Today."""
    return {
        "rows": shown(conn, found, at)[:most],
        "count": len(found),
        "version": _version(found),
        "reasons": return_reasons(conn),
        "later": later_choices(),
        "warming": [] if found else _warming(conn, person()),
    }


def return_reasons(conn: Connection) -> list[tuple[str, str]]:
    """Why a lead is not a fit, to choose from."""
    pipeline = pipeline_of(conn)
    return [(one.key, named(one.name)) for one in pipeline.return_reasons] if pipeline else []


def shown(
    conn: Connection, found: Sequence[Alert], at: datetime, people: Mapping[int, Lead] | None = None
) -> list[dict[str, Any]]:
    """Alerts with their lead and reasons in words: the hottest first, then those waiting longest.

    On the page of the lead, who is then handed over, what stands there anyway is left out.
    """
    facts = letters.facts_of(conn, found, at) if people is None else letters.bare(found, people)
    owners = known(conn).names([alert.owner_id for alert in found])
    rows = [
        {
            "alert": alert,
            "lead": facts[alert.id].lead,
            "title": _title(facts[alert.id].lead),
            "reasons": [
                {"text": text(why, language()), "at": datetime.fromisoformat(why["at"])} for why in alert.reasons
            ],
            "last_contact": facts[alert.id].last_contact,
            "next_mail": facts[alert.id].next_mail,
            "owner": owners.get(alert.owner_id or 0, ""),
            "opportunity": facts[alert.id].opportunity,
            "may": may_edit_lead(person(), alert.owner_id),
            "said": said(alert),
        }
        for alert in found
    ]
    return sorted(rows, key=lambda row: (_HEAT.get(str(row["lead"].temperature), 3), row["alert"].raised_at))


def _title(lead: Lead) -> str:
    called = lead.name or lead.email or ""
    return f"{lead.honorific} {called}" if lead.honorific and language() == "vi" else called


def _answer(alert_id: int, done: str, act: Callable[[Connection], Any]) -> ResponseReturnValue:
    try:
        with write() as conn:
            act(conn)
    except InputError as error:
        return _index(422, submitted(error, f"alert-{alert_id}"))
    toast(say(done))
    context().wake.reactions.set()
    return back(url_for("alerts.index"))


@blueprint.post("/alerts/<int:alert_id>/accept")
def accept(alert_id: int) -> ResponseReturnValue:
    """I take it: on to the opportunity, or to the lead."""
    with write() as conn:
        alert = service.accept(conn, person(), alert_id, now=now(), real=real())
        one = deals.card(conn, alert.opportunity_id) if alert.opportunity_id else None
        lead = letters.facts_of(conn, [alert], now())[alert.id].lead
    toast(say("%(name)s is yours now", name=_title(lead)[:80]))
    context().wake.reactions.set()
    if one is not None:
        return back(url_for("opportunities.show", public_id=one.public_id))
    return back(url_for("lead.show", public_id=lead.public_id))


@blueprint.post("/alerts/<int:alert_id>/later")
def later(alert_id: int) -> ResponseReturnValue:
    """Not now: it shows again then."""
    until = until_of(request.form.get("until", ""))

    def act(conn: Connection) -> None:
        if until is None:
            raise InputError([Problem("no_time", N_("Choose when"), path="until")])
        service.later(conn, person(), alert_id, until, now=now(), real=real())

    return _answer(alert_id, N_("Put off; it shows again then"), act)


@blueprint.post("/alerts/<int:alert_id>/dismiss")
def dismiss(alert_id: int) -> ResponseReturnValue:
    """Not a fit, with the reason."""
    why = request.form.get("words", "").strip() or request.form.get("reason", "")

    def act(conn: Connection) -> None:
        service.dismiss(conn, person(), alert_id, why, now=now(), real=real())

    return _answer(alert_id, N_("Noted: not a fit"), act)


def today_blocks(conn: Connection, who: Person, at: datetime) -> list[Block]:
    """Whom to call first; for who does not sell only that something waits."""
    found = store.for_person(conn, who, at, limit=100)
    if who.sees_all and not found:
        return []
    block = _block(conn, found, at, _FIRST) | {"level": 3, "everybody": False}
    return [Block(10, "alerts/_today.html", block, urgent=bool(found))]


def _warming(conn: Connection, who: Person) -> Sequence[Lead]:
    """Warm leads of theirs, the warmest first: for a day without alerts."""
    wanted = Filters(temperature=Temperature.WARM, owner=who.id, sort=Sort.ENGAGEMENT)
    return leads.page(conn, who, wanted, None, 5).leads


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:
    """The alert that waits, on the lead's own page; a letter stands there itself."""
    found = [
        alert
        for alert in store.waiting_of_lead(conn, lead.id)
        if may_edit_lead(who, alert.owner_id) and alert.trigger != REPLIED
    ]
    if not found:
        return []
    values = {
        "rows": shown(conn, found[:1], at, {lead.id: lead}),
        "reasons": return_reasons(conn),
        "later": later_choices(),
    }
    return [Block(5, "alerts/_lead.html", values, urgent=True)]
