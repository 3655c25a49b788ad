"""Why, and why not: one decision explained, as taken or as of now. A page, shown as a sheet where script runs."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.store import Chosen, decisions_of
from nurture.campaigns import entries
from nurture.consents import store as consents
from nurture.engine import explain, whys
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads import desk
from nurture.leads.model import Lead
from nurture.messages import store as messages
from nurture.opportunities.model import Opportunity
from nurture.rules.describe import sentence
from nurture.rules.evaluate import Trace
from nurture.rules.model import Group, Join
from nurture.rules.titles import Titles
from nurture.segments import store as segments
from nurture.users.model import may_see_lead
from nurture.web.language import language, say
from nurture.web.page import context, facts, known, now, read, render, titles, whole, zone
from nurture.web.selling import pipeline_of
from nurture.web.session import person
from nurture.web.timeline import actor
from nurture.web.words import named, temperature

blueprint = Blueprint("why", __name__)

_CRITERIA = {
    "temperature": N_("Temperature at least %(needed)s, seen: %(seen)s"),
    "fit": N_("Fit at least %(needed)s, seen: %(seen)s"),
    "customer": N_("Is not a customer already"),
    "rule": N_("The pipeline's own condition"),
    "open": N_("No opportunity is open already"),
    "again": N_("The last opportunity was closed long enough ago"),
    "campaign": N_("Opened by a campaign"),
}
_ABOUT = {
    Decided.ENROLL: N_("Campaign"),
    Decided.SCORE: N_("Score"),
    Decided.QUALIFY: N_("Opportunity"),
    Decided.ALERT: N_("Alert"),
    Decided.SEND: N_("Email"),
}
_VERDICTS = tuple(_ABOUT)


@blueprint.get("/leads/<public_id>/why")
def show(public_id: str) -> ResponseReturnValue:
    """A segment, a campaign, a message, or how the lead stands to everything."""
    with read() as conn:
        lead = desk.see(conn, person(), public_id)
        if "segment" in request.args:
            return _segment(conn, lead, request.args["segment"])
        if "campaign" in request.args:
            return _campaign(conn, lead, request.args["campaign"])
        if "message" in request.args:
            return _message(conn, lead, request.args["message"])
        return _all(conn, lead)


def node(trace: Trace, called: Titles) -> dict[str, Any]:
    """A trace as the template shows it: sentence with the value seen, tick or cross, children."""
    children = [node(child, called) for child in trace.children]
    is_none = isinstance(trace.rule, Group) and trace.rule.join is Join.NONE
    return {
        "text": sentence(trace, language(), zone(), called),
        "holds": trace.holds,
        "none": is_none,
        "children": children,
    }


def _reading(conn: Connection) -> whys.Reading:
    return whys.Reading(language(), zone(), titles(conn), now())


def _segment(conn: Connection, lead: Lead, key: str) -> ResponseReturnValue:
    found = segments.get(conn, key)
    if found is None:
        raise NotFoundError
    told = whys.segment(conn, lead, key, facts(conn), _reading(conn))
    tree = node(told.trees[0][1], titles(conn))
    return render("leads/why_segment.html", lead=lead, name=found.named(language()), key=key, told=told, tree=tree)


def _campaign(conn: Connection, lead: Lead, key: str) -> ResponseReturnValue:
    told = whys.campaign(conn, lead, key, known(conn), facts(conn), _reading(conn))
    trees = [(title, node(trace, titles(conn))) for title, trace in told.trees]
    return render("leads/why_campaign.html", lead=lead, key=key, told=told, trees=trees)


def _message(conn: Connection, lead: Lead, number: str) -> ResponseReturnValue:
    key = whole(number)
    one = messages.get(conn, key) if key is not None else None
    if one is None or one.lead_id != lead.id:
        raise NotFoundError
    told = whys.message(conn, one.id, _reading(conn))
    attempts = messages.attempts_of(conn, one.id)
    return render("leads/why_message.html", lead=lead, one=one, told=told, attempts=attempts)


def _all(conn: Connection, lead: Lead) -> ResponseReturnValue:
    standing = consents.standing_of(conn, context().keys, lead.id, lead.email)
    found, chance = explain.stands(conn, lead, known(conn).campaigns, pipeline_of(conn), facts(conn), now())
    called = titles(conn)
    ways = [_way(way, called) for way in found]
    people = {key: one.name for key, one in known(conn).people.items()}
    deals = [_deal(one, people) for one in chance.open_ones] if chance else []
    criteria = [_criterion(one.plain()) for one in chance.criteria] if chance else []
    return render(
        "leads/why_all.html", lead=lead, refusal=standing.refusal("advertising"), ways=ways, chance=chance,
        deals=deals, criteria=criteria, rule=node(chance.trace, called) if chance and chance.trace else None,
        decisions=[_decided(conn, one) for one in decisions_of(conn, lead.id, _VERDICTS, limit=20)],
    )  # fmt: skip


def _way(way: explain.Way, called: Titles) -> dict[str, Any]:
    """A campaign as the template shows it: each entrance in a sentence, with how the lead stands to it."""
    doors = [
        {
            "text": entries.describe(one.entrance, language(), called)[0],
            "tree": node(one.trace, called) if one.trace else None,
        }
        for one in way.doors
    ]
    when = node(way.when, called) if way.when else None
    return {"way": way, "name": way.campaign.named(language()), "doors": doors, "when": when}


def _decided(conn: Connection, one: Chosen) -> dict[str, Any]:
    """A decision in words: what it was about, how it went, why."""
    kind, _, key = one.subject.partition(":")
    about = titles(conn).get("campaign", key) if kind == "campaign" else None
    if one.kind is Decided.SEND and kind != "message":
        about = say("Email or text message")  # refused or put off before one was written
    detail = dict(one.detail)
    rules = known(conn).scoring(facts(conn)) if "rule" in detail else None
    rule = rules.by_key(str(detail["rule"])) if rules else None
    if rule is not None:
        detail["rule"] = named(rule.name) or rule.key
    return {
        "about": about or say(_ABOUT[one.kind]), "outcome": one.outcome, "reason": one.reason, "detail": detail,
        "at": one.at,
    }  # fmt: skip


def _deal(one: Opportunity, people: Mapping[int, str]) -> dict[str, Any]:
    """An open opportunity: since when, by whom, with which criteria. No way there for whom it is hidden from."""
    seen = may_see_lead(person(), one.owner_id)
    return {
        "name": one.name, "url": url_for("opportunities.show", public_id=one.public_id) if seen else None,
        "at": one.opened_at, "automatic": one.automatic, "by": actor(one.cause, people),
        "criteria": [_criterion(each) for each in one.criteria],
    }  # fmt: skip


def _criterion(one: Mapping[str, Any]) -> dict[str, Any]:
    """A criterion, as it is stored with an opportunity, in words."""
    key, values = str(one.get("key", "")), {"needed": one.get("needed"), "seen": one.get("seen")}
    if key == "temperature":
        values = {name: temperature(str(value)) for name, value in values.items()}
    text = _CRITERIA.get(key)
    return {"text": say(text, **values) if text else key, "holds": bool(one.get("holds"))}
