"""One lead's page: who it is, what happened and why, what comes next, and what a person can do about it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.store import kinds_of, timeline
from nurture.campaigns.model import Campaign, CampaignState
from nurture.consents import store as consents
from nurture.consents.model import Channel
from nurture.engine import revisions
from nurture.engine.known import Running
from nurture.enrollments import store as enrollments
from nurture.enrollments.model import EnrollmentState
from nurture.kernel.errors import ConflictError, InputError, Problem
from nurture.leads import desk, store
from nurture.leads.model import HONORIFICS, Lead
from nurture.messages import store as messages
from nurture.opportunities import store as opportunities
from nurture.scoring import service as scoring
from nurture.scoring.model import Axis, Line, ScoringRules, Thresholds
from nurture.segments import store as segments
from nurture.users.model import user_of
from nurture.web import agreeing, refusing
from nurture.web.blocks import collect
from nurture.web.campaign_words import Stay, stay
from nurture.web.language import language, say
from nurture.web.page import (
    Form,
    email_titles,
    facts,
    go,
    hand,
    is_unchanged,
    known,
    moment,
    now,
    read,
    render,
    submitted,
    titles,
    toast,
    whole,
    write,
)
from nurture.web.selling import pipeline_of
from nurture.web.session import person
from nurture.web.silence import quiet_of
from nurture.web.timeline import GROUPS, OUTCOMES, Names, entries, people_in
from nurture.web.words import named

blueprint = Blueprint("lead", __name__, url_prefix="/leads/<public_id>")

TABS = ("timeline", "score", "emails", "info", "consents")
PAGE = 40


@blueprint.get("")
def show(public_id: str) -> ResponseReturnValue:
    """The lead's page; the tab stands in the address."""
    return page(public_id)


def page(public_id: str, status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    """The page, with the form that was refused, if there is one."""
    tab = request.args.get("tab", "timeline")
    tab = tab if tab in TABS else "timeline"
    with read() as conn:
        lead = desk.see(conn, person(), public_id)
        if lead.public_id != public_id and request.method == "GET":  # merged into this one
            return redirect(url_for("lead.show", public_id=lead.public_id), 303)
        counts, last = kinds_of(conn, lead.id)
        version = _version(lead, last)
        if is_unchanged(version):
            return Response(status=204)
        frame = {**_frame(conn, lead), "counts": counts}
        values = {**frame, **_TAB_VALUES[tab](conn, lead, frame)}
        values["blocks"] = collect("lead_blocks", conn, person(), lead, now())
    return render("leads/lead.html", status, lead=lead, tab=tab, version=version, form=form or Form({}), **values)


def _version(lead: Lead, last: int) -> str:
    """Changes with whatever the page shows of the lead; `last` is its newest activity."""
    return f"{last}.{lead.engagement}.{lead.fit}.{lead.temperature}.{lead.updated_at.timestamp():.0f}"


def _frame(conn: Connection, lead: Lead) -> dict[str, Any]:
    """What every tab shows: owner, standing, campaigns, opportunities, words to choose from."""
    enrolled = enrollments.of_lead(conn, lead.id)
    active = [one for one in enrolled if one.state is EnrollmentState.ACTIVE]
    standing = refusing.stands(conn, lead)[Channel.EMAIL]
    names = known(conn)
    live = {one.key: one for one in names.campaigns if one.state in {CampaignState.LIVE, CampaignState.PAUSED}}
    inside = {one.campaign_key for one in active}
    deals = opportunities.of_lead(conn, lead.id)
    return {
        "enrolled": enrolled,
        "active": active,
        "steps": {one.id: _stay(conn, one, live.get(one.campaign_key)) for one in active},
        "standing": standing,
        "refusal": standing.refusal("advertising"),
        "owners": names.owners(),
        "owner": names.people.get(lead.owner_id or 0),
        "campaign_names": {one.key: one.named(language()) for one in names.campaigns},
        "tag_labels": names.tags,
        "campaigns": [(key, one.named(language())) for key, one in live.items() if key not in inside],
        "segments": segments.of_lead(conn, lead.id),
        "opportunities": deals,
        "quiet": [(one.value, dict(detail)) for one, detail in quiet_of(lead, deals, names).reasons()],
        "outcomes": [(key.value, say(text)) for key, text in OUTCOMES.items()],
    }


def _stay(conn: Connection, one: enrollments.Enrolled, running: Running | None) -> Stay:
    """Where this enrollment is, in words; the step's id where the live revision has no such step."""
    campaign = revisions.campaign(running.definition, facts(conn)) if running else None
    found = stay(campaign, one.step or "", titles(conn), language()) if isinstance(campaign, Campaign) else None
    return found or Stay(one.step or "–")


def _rules(conn: Connection) -> ScoringRules | None:
    return known(conn).scoring(facts(conn))


def _stages(conn: Connection) -> dict[str, str]:
    """Names of the pipeline's stages by their keys."""
    pipeline = pipeline_of(conn)
    return {one.key: named(one.name) for one in pipeline.stages} if pipeline else {}


def _timeline(conn: Connection, lead: Lead, frame: Mapping[str, Any]) -> dict[str, Any]:
    group = request.args.get("only", "")
    kinds = next((kinds for key, _, kinds in GROUPS if key == group), ())
    lines = timeline(conn, lead.id, kinds, moment(request.args.get("before")), PAGE + 1)
    shown = lines[:PAGE]
    counts = frame["counts"]
    names = Names(
        known(conn).names(people_in(shown)),
        frame["campaign_names"],
        frame["tag_labels"],
        {key: one.label for key, one in known(conn).fields.items()},
        email_titles(),
        _stages(conn) if any(line.kind is Kind.OPPORTUNITY_CHANGED for line in shown) else {},
        {key: named(name) for key, name in (*known(conn).archived.items(), *known(conn).segments.items())},
    )
    ledger = scoring.outline(conn, lead.id, _rules(conn))
    last = shown[-1] if len(lines) > PAGE else None
    return {
        "entries": entries(shown, ledger, names, language()),
        "older": f"{last.occurred_at.isoformat()}~{last.id}" if last else None,
        "groups": [
            {"key": key, "label": say(label), "count": sum(counts.get(kind, 0) for kind in kinds), "here": key == group}
            for key, label, kinds in GROUPS
        ],
        "every": sum(counts.values()),
        "only": group,
    }


def _score(conn: Connection, lead: Lead, _: Mapping[str, Any]) -> dict[str, Any]:
    rules = _rules(conn)
    lines = scoring.unfold(conn, lead.id, rules)
    people = people_of(line.actor for line in lines)
    return {
        "axes": [_axis(axis, lines) for axis in Axis],
        "thresholds": rules.thresholds if rules else Thresholds(),
        "people": known(conn).names(people),
    }


def people_of(actors: Any) -> list[int]:
    """Ids of the people among these actors."""
    return [number for number in map(user_of, set(actors)) if number is not None]


def _axis(axis: Axis, lines: list[Line]) -> dict[str, Any]:
    """One axis of the score: its lines, and what each rule gave in all."""
    mine = [line for line in lines if line.axis is axis]
    sums: dict[str, dict[str, Any]] = {}
    for line in mine:
        rule = sums.setdefault(line.rule, {"name": named(line.name), "points": 0, "times": 0})
        rule["points"] += line.points
        rule["times"] += 1
    by_rule = sorted(sums.values(), key=lambda rule: -rule["points"])
    return {"key": axis.value, "total": mine[-1].running if mine else 0, "rules": by_rule, "lines": mine[::-1]}


def _emails(conn: Connection, lead: Lead, _: Mapping[str, Any]) -> dict[str, Any]:
    found = messages.page(conn, lead_id=lead.id, before=whole(request.args.get("before")))
    return {"messages": found.rows, "older": found.next}


def _info(conn: Connection, lead: Lead, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"definitions": known(conn).fields, "conflicts": store.conflicts_of(conn, lead.id)}


def _consents(conn: Connection, lead: Lead, _: Mapping[str, Any]) -> dict[str, Any]:
    history = consents.history(conn, lead.id)
    people = known(conn).names(people_of(row["origin"] for row in history))
    return {"history": history, "people": people, **agreeing.words(), **refusing.words(conn, lead)}


_TAB_VALUES = {"timeline": _timeline, "score": _score, "emails": _emails, "info": _info, "consents": _consents}


@blueprint.get("/edit")
def edit(public_id: str) -> ResponseReturnValue:
    """The form to put facts right."""
    with read() as conn:
        lead = desk.take(conn, person(), public_id)
    facts = {key: getattr(lead, key) or "" for key in _FACTS}
    return _edit(lead, Form({**facts, **{f"fields.{key}": _written(value) for key, value in lead.fields.items()}}))


def _written(value: Any) -> Any:
    """A value as its field shows it: the texts of a list stand apart by semicolons."""
    return "; ".join(str(one) for one in value) if isinstance(value, list) else value


_FACTS = (
    "name",
    "given_name",
    "honorific",
    "email",
    "phone",
    "company",
    "address",
    "city",
    "source",
    "zone",
    "language",
)


def _edit(lead: Lead, form: Form, status: int = 200) -> ResponseReturnValue:
    with read() as conn:
        definitions = store.field_definitions_of(conn)
    return render(
        "leads/edit.html", status, lead=lead, form=form, definitions=definitions, honorifics=HONORIFICS
    )  # fmt: skip


@blueprint.post("/edit")
def save(public_id: str) -> ResponseReturnValue:
    """Facts put right."""
    sent = request.form
    changes: dict[str, Any] = {key: sent[key] for key in _FACTS if key in sent}
    own = {key.removeprefix("fields."): value for key, value in sent.items() if key.startswith("fields.")}
    try:
        with write() as conn:
            desk.correct(conn, hand(), public_id, {**changes, **({"fields": own} if own else {})})
    except (InputError, ConflictError) as error:
        with read() as conn:
            lead = desk.take(conn, person(), public_id)
        known = InputError([Problem("known", str(error), path="email")])
        return _edit(lead, submitted(error if isinstance(error, InputError) else known), 422)
    toast(say("Saved"))
    return go(url_for("lead.show", public_id=public_id, tab="info"))
