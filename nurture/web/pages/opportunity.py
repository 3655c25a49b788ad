"""One opportunity: what speaks for it, where it stands, what comes next, what happened; and all a person does with it.

Every form carries the version it was made from. When somebody was faster, both values are shown, and the person takes
one or the other.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.store import Line, timeline
from nurture.consents import store as consents
from nurture.enrollments import store as enrollments
from nurture.enrollments.model import EnrollmentState
from nurture.kernel.errors import ConflictError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.opportunities import service, store
from nurture.opportunities.model import Opportunity, Pipeline
from nurture.users import store as accounts
from nurture.users.model import may_edit_lead, user_of
from nurture.web.amounts import read_amount, written
from nurture.web.language import language, say
from nurture.web.page import (
    Form,
    context,
    email_titles,
    go,
    known,
    now,
    read,
    real,
    render,
    submitted,
    toast,
    whole,
    write,
    zone,
)
from nurture.web.selling import LOOKS, pipeline_of
from nurture.web.session import person
from nurture.web.tasking import panel
from nurture.web.timeline import OUTCOMES, Names, entries, people_in
from nurture.web.words import OPPORTUNITY_FIELDS, OPPORTUNITY_STATES, named, temperature, word

blueprint = Blueprint("opportunity", __name__, url_prefix="/opportunities/<public_id>")

_READING = (Kind.CLICKED, Kind.OPENED, Kind.REPLIED, Kind.FORM_SUBMITTED, Kind.PAGE_VISITED)
_WORDS = (Kind.CALLED, Kind.NOTED, Kind.MEETING)
CRITERIA = {
    "temperature": N_("Temperature"),
    "fit": N_("Fit"),
    "customer": N_("Is no customer yet"),
    "rule": N_("The pipeline's own condition"),
    "open": N_("No other opportunity is open"),
    "again": N_("Long enough after the last one"),
    "campaign": N_("Opened by a campaign"),
}


def page(
    public_id: str, status: int = 200, form: Form | None = None, conflict: dict[str, Any] | None = None
) -> ResponseReturnValue:
    """The page, with the form that was refused or the two values that collide, if there are any."""
    with read() as conn:
        one = store.by_public_id(conn, public_id, person())
        lead = leads.get(conn, one.lead_id)
        pipeline = pipeline_of(conn)
        if lead is None or pipeline is None:
            raise NotFoundError
        values = {**_around(conn, one, lead, pipeline), **_history(conn, one, lead, pipeline)}
    return render(
        "opportunities/show.html", status, one=one, lead=lead, pipeline=pipeline, form=form or Form({}), looks=LOOKS,
        conflict=conflict, written=written(one.value, one.currency), next_at=_local(one.next_at),
        may=may_edit_lead(person(), one.owner_id) and one.is_open, outcomes=_outcomes(), **values,
    )  # fmt: skip


def _outcomes() -> list[tuple[str, str]]:
    return [(key.value, say(text)) for key, text in OUTCOMES.items()]


def _local(instant: datetime | None) -> str:
    """For a datetime-local field."""
    return f"{instant.astimezone(zone()):%Y-%m-%dT%H:%M}" if instant else ""


def _around(conn: Connection, one: Opportunity, lead: Lead, pipeline: Pipeline) -> dict[str, Any]:
    """Who it is about and with whom, how the lead is nurtured meanwhile."""
    stage = pipeline.stage(one.stage)
    ended = one.closed_at or now()
    standing = consents.standing_of(conn, context().keys, lead.id, lead.email)
    enrolled = enrollments.of_lead(conn, lead.id)
    return {
        "owner": known(conn).people.get(one.owner_id or 0),
        "owners": known(conn).owners(),
        "stages": _stages(one, pipeline),
        "stage_name": named(stage.name) if stage else one.stage,
        "days": max(0, (ended - one.stage_since).days),
        "late": bool(stage and stage.longest and one.is_open and now() - one.stage_since > stage.longest),
        "criteria": [_criterion(each) for each in one.criteria],
        "standing": standing.refusal("advertising"),
        "active": [each for each in enrolled if each.state is EnrollmentState.ACTIVE],
        "lost_reasons": [(each.key, named(each.name)) for each in pipeline.lost_reasons],
        "return_reasons": [(each.key, named(each.name)) for each in pipeline.return_reasons],
        "reason": reason_name(one.reason, pipeline),
        "tasks": panel(conn, lead, one.public_id),
    }


def _stages(one: Opportunity, pipeline: Pipeline) -> list[dict[str, Any]]:
    """The bar: each stage, whether it is behind us or here."""
    keys = [stage.key for stage in pipeline.stages]
    here = keys.index(one.stage) if one.stage in keys else -1
    return [
        {"key": stage.key, "name": named(stage.name), "here": number == here, "past": number < here}
        for number, stage in enumerate(pipeline.stages)
    ]


def reason_name(reason: str, pipeline: Pipeline) -> str:
    """The words of a reason that is a key of the pipeline's; others are words already."""
    for each in (*pipeline.lost_reasons, *pipeline.return_reasons):
        if each.key == reason:
            return named(each.name)
    return say("a click turned out to be a machine's") if reason == "verdict_changed" else reason


def _criterion(data: Any) -> dict[str, Any]:
    key = str(data.get("key", ""))
    needed, seen = data.get("needed"), data.get("seen")
    shown = {"needed": "", "seen": ""}
    if key == "temperature":
        shown = {"needed": temperature(str(needed)), "seen": temperature(str(seen))}
    elif key == "fit":
        shown = {"needed": str(needed), "seen": str(seen)}
    return {"label": word(CRITERIA, key), "holds": bool(data.get("holds")), **shown}


def _history(conn: Connection, one: Opportunity, lead: Lead, pipeline: Pipeline) -> dict[str, Any]:
    changes = store.changes(conn, one.id)
    reading = timeline(conn, lead.id, _READING, None, 6)
    words = timeline(conn, lead.id, _WORDS, None, 6)
    people = known(conn).names([*_people(changes), *people_in([*reading, *words])])
    names = Names(people, {each.key: each.named(language()) for each in known(conn).campaigns}, {}, {}, email_titles())
    return {
        "changes": [_change(each, one, pipeline, people) for each in changes],
        "reading": _entries(reading, names),
        "words": _entries(words, names),
    }


def _entries(lines: list[Line], names: Names) -> list[Any]:
    return entries(lines, [], names, language())


def _people(changes: list[store.Change]) -> list[int]:
    found = [user_of(each.actor) for each in changes]
    found += [whole(value) for each in changes if each.field == "owner" for value in (each.before, each.after)]
    return [number for number in found if number is not None]


def _change(each: store.Change, one: Opportunity, pipeline: Pipeline, people: dict[int, str]) -> dict[str, Any]:
    return {
        "at": each.at,
        "by": people.get(user_of(each.actor) or 0, ""),
        "field": word(OPPORTUNITY_FIELDS, each.field),
        "before": shown_value(each.field, each.before, one, pipeline, people),
        "after": shown_value(each.field, each.after, one, pipeline, people),
        "reason": reason_name(each.reason, pipeline) if each.reason else "",
    }


def shown_value(field: str, value: str, one: Opportunity, pipeline: Pipeline, people: dict[int, str]) -> str:
    """A stored value in words: the stage's name, the owner's, the amount."""
    if not value:
        return ""
    match field:
        case "stage":
            stage = pipeline.stage(value)
            return named(stage.name) if stage else value
        case "owner":
            return people.get(whole(value) or 0, value)
        case "state":
            return word(OPPORTUNITY_STATES, value)
        case "value":
            return f"{written(int(value), one.currency)} {one.currency}" if value.isdecimal() else value
        case "accepted":
            return say("yes")
        case _:
            return value


# what people do


Act = Callable[[Connection, Opportunity, int], Any]


def _do(public_id: str, name: str, done: str, act: Act, mine: tuple[str, str] | None = None) -> ResponseReturnValue:
    """One act on the version that the form was made from. `mine`: the field and the value that was wanted."""
    held = whole(request.form.get("version")) or 0
    try:
        with write() as conn:
            one = store.by_public_id(conn, public_id, person())
            act(conn, one, held)
    except InputError as error:
        return page(public_id, 422, submitted(error, name))
    except ConflictError as error:
        return page(public_id, 409, None, _conflict(public_id, name, str(error), mine))
    toast(say(done))
    context().wake.reactions.set()
    return go(url_for("opportunities.show", public_id=public_id))


def _conflict(public_id: str, name: str, why: str, mine: tuple[str, str] | None) -> dict[str, Any]:
    """What the person wanted beside what stands there now, and who put it there when."""
    with read() as conn:
        one = store.by_public_id(conn, public_id, person())
        pipeline = pipeline_of(conn)
        changes = store.changes(conn, one.id)
        people = known(conn).names(_people(changes))
    assert pipeline is not None  # noqa: S101 - the page was made with it
    last = next(iter(changes), None)
    found: dict[str, Any] = {"why": say(why), "last": _change(last, one, pipeline, people) if last else None}
    if mine is not None and one.is_open:
        field, wanted = mine
        now_there = {
            "stage": one.stage,
            "value": "" if one.value is None else str(one.value),
            "next_step": one.next_step,
        }
        found |= {
            "field": word(OPPORTUNITY_FIELDS, field),
            "mine": shown_value(field, wanted, one, pipeline, people),
            "theirs": shown_value(field, now_there[field], one, pipeline, people),
            "path": request.path,
            "fields": {key: value for key, value in request.form.items() if key not in {"csrf_token", "version"}},
            "name": name,
        }
    return found


def _times() -> dict[str, datetime]:
    return {"now": now(), "real": real()}


@blueprint.post("/accept")
def accept(public_id: str) -> ResponseReturnValue:
    """I take it."""
    done = N_("You have taken it on")
    return _do(
        public_id, "accept", done, lambda conn, one, held: service.accept(conn, person(), one.id, held, **_times())
    )


@blueprint.post("/stage")
def stage(public_id: str) -> ResponseReturnValue:
    """Into another stage."""
    wanted = request.form.get("stage", "")

    def act(conn: Connection, one: Opportunity, held: int) -> None:
        pipeline = pipeline_of(conn)
        if pipeline is None:
            raise NotFoundError
        service.move(conn, person(), one.id, wanted, held, pipeline, **_times())

    return _do(public_id, "stage", N_("Moved"), act, ("stage", wanted))


@blueprint.post("/value")
def value(public_id: str) -> ResponseReturnValue:
    """What it may be worth."""
    text = request.form.get("value", "")

    def act(conn: Connection, one: Opportunity, held: int) -> None:
        service.set_value(conn, person(), one.id, _amount(text, one.currency), held, **_times())

    return _do(public_id, "value", N_("The value is kept"), act, ("value", _digits(text)))


def _digits(text: str) -> str:
    """The amount in minor units where it reads as one, for showing beside the other."""
    try:
        amount = read_amount(text, "VND")
    except ValueError:
        return text
    return "" if amount is None else str(amount)


def _amount(text: str, currency: str) -> int | None:
    try:
        return read_amount(text, currency)
    except ValueError as error:
        problem = N_("This is no amount; write such as 12.500.000 or 12,5 triệu")
        raise InputError([Problem("bad_amount", problem, path="value")]) from error


@blueprint.post("/next")
def next_step(public_id: str) -> ResponseReturnValue:
    """What is to be done next, and when."""
    text, when = request.form.get("next_step", ""), request.form.get("next_at", "")

    def act(conn: Connection, one: Opportunity, held: int) -> None:
        service.set_next_step(conn, person(), one.id, text, _instant(when), held, **_times())

    return _do(public_id, "next", N_("The next step is kept"), act, ("next_step", text.strip()))


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError([Problem("bad_time", N_("Choose day and time"), path="next_at")]) from error


@blueprint.post("/owner")
def owner(public_id: str) -> ResponseReturnValue:
    """Hand it to somebody else, and the lead with it."""
    wanted = whole(request.form.get("owner"))

    def act(conn: Connection, one: Opportunity, held: int) -> None:
        if wanted not in {each.id for each in accounts.owners(conn)}:
            raise InputError([Problem("no_owner", N_("This person cannot be in charge of leads"), path="owner")])
        service.set_owner(conn, person(), one.id, wanted, held, **_times())

    answer = _do(public_id, "owner", N_("Handed over"), act)
    gone = not person().sees_all and wanted != person().id
    return go(url_for("opportunities.index")) if gone and _went(answer) else answer


def _went(answer: ResponseReturnValue) -> bool:
    return getattr(answer, "status_code", 0) in {204, 303}


@blueprint.post("/win")
def win(public_id: str) -> ResponseReturnValue:
    """Won, for this value."""
    text = request.form.get("value", "")

    def act(conn: Connection, one: Opportunity, held: int) -> None:
        amount = _amount(text, one.currency)
        service.win(conn, person(), one.id, held, value=amount, **_times())

    return _do(public_id, "win", N_("Won. The lead is a customer now"), act)


@blueprint.post("/lose")
def lose(public_id: str) -> ResponseReturnValue:
    """Lost, with the reason."""
    why = request.form.get("words", "").strip() or request.form.get("reason", "")
    return _do(
        public_id, "lose", N_("Closed as lost"),
        lambda conn, one, held: service.lose(conn, person(), one.id, why, held, **_times()),
    )  # fmt: skip


@blueprint.post("/return")
def give_back(public_id: str) -> ResponseReturnValue:
    """Back to marketing, with the reason."""
    why = request.form.get("words", "").strip() or request.form.get("reason", "")
    return _do(
        public_id, "return", N_("Given back to marketing"),
        lambda conn, one, held: service.give_back(conn, person(), one.id, why, held, **_times()),
    )  # fmt: skip
