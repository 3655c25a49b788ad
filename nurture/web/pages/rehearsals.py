"""Rehearsals: ask for one, watch it run, read what would come of it, and each lead's way through it."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.campaigns import store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.steps import label_of
from nurture.campaigns.steps.holdout import HELD
from nurture.enrollments.store import StepCounts
from nurture.kernel.errors import DefinitionError, ForbiddenError, InputError, NotFoundError
from nurture.kernel.i18n import N_, translate_plural
from nurture.kernel.reasons import LABELS, Reason
from nurture.leads.normalize import email_of
from nurture.leads.tables import leads
from nurture.rehearsal import jobs
from nurture.rehearsal.jobs import Job
from nurture.rehearsal.model import SHARES, Behavior, Request, wrong
from nurture.rehearsal.ways import Line, letter, walkers, way
from nurture.tasks.model import KINDS, said_words
from nurture.web import campaign_words, formats
from nurture.web.language import language, say
from nurture.web.page import (
    Form,
    context,
    facts,
    go,
    is_unchanged,
    known,
    read,
    render,
    submitted,
    titles,
    toast,
    whole,
)
from nurture.web.session import person
from nurture.web.words import named

blueprint = Blueprint("rehearsals", __name__)

_SAMPLE, _DAYS = 200, 60
_LEADS_SHOWN = 12
_MOST_ADDRESSES = 1_000  # looked up one by one
_LEVELS = 5
_FEW_HOURS = 24
_WHAT: Mapping[str, tuple[str, str]] = {  # words and icon of a line
    "entered": (N_("Enters the campaign"), "play-circle"),
    "passed": (N_("Passes"), "arrow-right"),
    "sent": (N_("Gets the email"), "send"),
    "skipped": (N_("Does not get the email"), "slash-circle"),
    "canceled": (N_("The email is taken back"), "slash-circle"),
    "queued": (N_("The email waits"), "clock"),
    "left": (N_("Leaves"), "box-arrow-right"),
    "opened": (N_("Opens the email"), "envelope-open"),
    "clicked": (N_("Clicks"), "cursor"),
    "replied": (N_("Replies"), "chat-left-text"),
    "unsubscribed": (N_("Unsubscribes"), "slash-circle"),
    "opportunity_opened": (N_("Becomes an opportunity"), "trophy"),
    "temperature_changed": (N_("Changes temperature"), "thermometer-half"),
    "task": (N_("A task is given"), "calendar-event"),
    "task_done": (N_("The task is done"), "check-lg"),
    "mail_resumed": (N_("Somebody has looked, mail goes on"), "play-circle"),
    "sms": (N_("Text message"), "chat-left-text"),
    "webhook": (N_("Another system is told"), "send"),
}


_TASKS = {"open": N_("still open"), "canceled": N_("canceled")}


def _may() -> None:
    if not person().may_define:
        raise ForbiddenError(N_("Only marketers and administrators rehearse campaigns"))


@blueprint.get("/campaigns/<key>/rehearse")
def ask(key: str) -> ResponseReturnValue:
    """What to rehearse with, and what was rehearsed before."""
    _may()
    plain = Behavior()
    shares = {name: formats.number(round(getattr(plain, name) * 100, 1), language()) for name in SHARES}
    chosen = Form({"who": "sample", "sample": str(_SAMPLE), "days": str(_DAYS), "seed": "1", **shares})
    return _asked(key, chosen)


def _asked(key: str, form: Form, status: int = 200) -> ResponseReturnValue:
    with read() as conn:
        stored = _stored(conn, key)
        segments = [(one, named(name) or one) for one, name in known(conn).segments.items()]
    earlier = [{"one": one, "says": _in_short(one)} for one in jobs.every(context(), key)]
    return render("rehearsals/ask.html", status, stored=stored, name=stored.named(language()), form=form,
                  segments=segments, earlier=earlier)  # fmt: skip


def _stored(conn: Connection, key: str) -> store.Stored:
    found = store.get(conn, key)
    if found is None or found.revision_id is None:
        raise NotFoundError
    return found


def _in_short(job: Job) -> str:
    if job.running:
        return say("running")
    if job.report is None:
        return say(job.error)
    sent, people = job.report["sent"], job.report["leads"]
    mails = translate_plural(language(), "%(count)s email would go", "%(count)s emails would go", sent)
    return f"{translate_plural(language(), '%(count)s lead', '%(count)s leads', people)} · {mails}"


@blueprint.post("/campaigns/<key>/rehearse")
def begin(key: str) -> ResponseReturnValue:
    """Start it; the page of the rehearsal follows."""
    _may()
    try:
        wanted = _request(key).checked()
        with read() as conn:
            revision = _stored(conn, key).hash
        job_id = jobs.begin(context(), wanted, actor=person().actor, revision=revision)
    except InputError as error:
        return _asked(key, submitted(error), 422)
    return go(url_for("rehearsals.show", job_id=job_id))


def _request(key: str) -> Request:
    form = request.form
    who = form.get("who", "sample")
    shares = {name: _share(form.get(name, "0"), name) for name in SHARES}
    return Request(
        key,
        segment=form.get("segment") or None if who == "segment" else None,
        addresses=_addresses(form.get("addresses", "")) if who == "addresses" else (),
        sample=_whole("sample") if who == "sample" else 0,
        days=_whole("days"),
        behavior=Behavior(**shares),
        seed=_whole("seed"),
    )


def _whole(name: str) -> int:
    text = request.form.get(name, "").strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise wrong(N_("A whole number belongs here"), path=name)
    return int(text)


def _share(text: str, name: str) -> float:
    try:
        share = float(text.replace(",", ".").strip() or "0")
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise wrong(N_("A share from 0 to 100 belongs here"), path=name)
    return share / 100


def _addresses(text: str) -> tuple[str, ...]:
    found = [(word, email_of(word)) for word in text.replace(",", " ").replace(";", " ").split()]
    bad = [word for word, address in found if address is None]
    if bad or not found:
        raise wrong(N_("“%(word)s” is no email address"), path="addresses", word=bad[0] if bad else "")
    if len(found) > _MOST_ADDRESSES:
        raise wrong(
            N_("At most %(most)s leads in one rehearsal; take a sample"), path="addresses", most=_MOST_ADDRESSES
        )
    return tuple(dict.fromkeys(address for _, address in found if address is not None))


@blueprint.post("/rehearsals/<job_id>/stop")
def stop(job_id: str) -> ResponseReturnValue:
    """End it; what it found until then is shown."""
    _may()
    jobs.stop(jobs.get(context(), job_id))
    toast(say("The rehearsal ends"))
    return go(url_for("rehearsals.show", job_id=job_id))


@blueprint.get("/rehearsals/<job_id>")
def show(job_id: str) -> ResponseReturnValue:
    """How far it is; then what would come of it."""
    _may()
    job = jobs.get(context(), job_id)
    version = f"{job.running}{job.share:.3f}"
    if is_unchanged(version):
        return "", 204
    with read() as conn:
        stored = _stored(conn, job.request["campaign"])
        values: dict[str, Any] = {} if job.report is None else _told(conn, job, job.report, stored)
    return render("rehearsals/show.html", job=job, version=version, stored=stored, name=stored.named(language()),
                  percent=int(job.share * 100), error=say(job.error), **values)  # fmt: skip


def _told(conn: Connection, job: Job, told: Mapping[str, Any], stored: store.Stored) -> dict[str, Any]:
    day, after = request.args.get("day", ""), whole(request.args.get("after")) or 0
    with jobs.looking(context(), job) as stage, stage.database.read() as there:
        played = store.get(there, stored.key) or stored
        people = walkers(there, stored.key, job.begun, limit=_LEADS_SHOWN + 1, after=after)
    try:
        campaign = from_revision(played.definition, facts(conn))
    except DefinitionError:
        campaign = None
    counts = {one["step"]: StepCounts(one["here"], {**one["outcomes"], **_skips(one)}) for one in told["steps"]}
    called = titles(conn)
    return {
        "told": told,
        "labels": {code.value: say(label) for code, label in LABELS.items()},
        "weeks": weeks(
            told["calendar"], job.begun, datetime.fromisoformat(told["ended"]), context().settings.local_zone
        ),
        "day": day,
        "hours": [one for one in told["calendar"] if one["day"] == day],
        "tree": campaign_words.tree(campaign, counts, called, language()) if campaign is not None else (),
        "people": people[:_LEADS_SHOWN],
        "older": people[_LEADS_SHOWN - 1].lead_id if len(people) > _LEADS_SHOWN else None,
        "first": not after,
        "others": {one["campaign"]: _campaign_name(conn, one["campaign"]) for one in told["collisions"]},
        "clashes": [one for one in told["collisions"] if one["same_day"]],
        "beside": [one for one in told["collisions"] if not one["same_day"]],
        "texts": _texts(campaign, called),
        "ways": _ways(campaign, called),
        **_work(told),
    }


def _work(told: Mapping[str, Any]) -> dict[str, Any]:
    """Tasks by day, and what came of tasks, webhooks and text messages, in words."""
    duties = [
        {**one, "date": date.fromisoformat(one["day"]), "what": say(KINDS.get(one["kind"], one["kind"]))}
        for one in told.get("duties", ())
    ]
    ends = [
        (say(_TASKS[word]) if word in _TASKS else said_words(word, {}, language()), count)
        for word, count in told.get("task_ends", {}).items()
    ]
    return {"duties": duties, "task_ends": ends, "calls": told.get("calls", ())}


def _skips(one: Mapping[str, Any]) -> dict[str, int]:
    skipped = sum(one["skipped"].values())
    return {"skipped": skipped} if skipped else {}


def _texts(campaign: Any, called: Any) -> dict[str, str]:
    if campaign is None:
        return {}
    return {one.id: campaign_words.step_words(one, called, language()) for one in campaign.steps.values()}


def _ways(campaign: Any, called: Any) -> dict[str, str]:
    """What every way is called, by `step.way`."""
    if campaign is None:
        return {}
    return {
        f"{one.id}.{way}": label_of(one.kind, one.config, way, language(), called)
        for one in campaign.steps.values()
        for way in one.ways
    }


def _campaign_name(conn: Connection, key: str) -> str:
    found = next((one for one in known(conn).campaigns if one.key == key), None)
    return found.named(language()) if found is not None else say("One-time emails")


def weeks(calendar: list[Mapping[str, Any]], begun: datetime, ended: datetime, zone: ZoneInfo) -> list[list[Any]]:
    """The days from the Monday before the begin to the end, in rows of seven; None outside the rehearsal.

    `level` is 0 for a day without mail, else 1 to 5 by its share of the fullest day.
    """
    days: Counter[str] = Counter()
    for slot in calendar:
        days[slot["day"]] += slot["count"]
    most = max(days.values(), default=0)
    first, last = begun.astimezone(zone).date(), ended.astimezone(zone).date()
    found: list[list[Any]] = []
    day = first - timedelta(days=first.weekday())
    while day <= last:
        if day.weekday() == 0:
            found.append([])
        inside = first <= day <= last
        found[-1].append(_cell(day, days[day.isoformat()], most) if inside else None)
        day += timedelta(days=1)
    found[-1] += [None] * (7 - len(found[-1]))
    return found


def _cell(day: date, count: int, most: int) -> dict[str, Any]:
    level = 0 if not count else max(1, -(-count * _LEVELS // most))
    return {"day": day, "key": day.isoformat(), "count": count, "level": level}


@blueprint.get("/rehearsals/<job_id>/leads/<int:lead_id>")
def lead(job_id: str, lead_id: int) -> ResponseReturnValue:
    """One lead's way, and the texts they would have read."""
    _may()
    job = jobs.get(context(), job_id)
    if job.report is None:
        raise NotFoundError
    chosen = whole(request.args.get("mail"))
    with jobs.looking(context(), job) as stage, stage.database.read() as there:
        row = there.execute(leads.select().where(leads.c.id == lead_id)).first()
        if row is None:
            raise NotFoundError
        lines = way(there, job.request["campaign"], lead_id, job.begun)
        mails = [one.message_id for one in lines if one.what == "sent" and one.message_id is not None]
        wanted = chosen if chosen in mails else next(iter(mails), None)
        text = letter(there, wanted, stage.settings.base_url) if wanted is not None else None
    with read() as conn:
        stored = _stored(conn, job.request["campaign"])
        try:
            campaign = from_revision(stored.definition, facts(conn))
        except DefinitionError:
            campaign = None
        called = titles(conn)
        steps, ways = _texts(campaign, called), _ways(campaign, called)
        others = {one.campaign: _campaign_name(conn, one.campaign) for one in lines if one.campaign}
    return render("rehearsals/lead.html", job=job, stored=stored, name=stored.named(language()), lead=row,
                  lines=[_line(one, steps, ways, others) for one in lines], text=text, mail=wanted)  # fmt: skip


def _line(one: Line, steps: Mapping[str, str], ways: Mapping[str, str], others: Mapping[str, str]) -> dict[str, Any]:
    words, icon = _WHAT.get(one.what, (one.what, "info-circle"))
    return {
        "one": one,
        "icon": icon,
        "text": say(words),
        "step": steps.get(one.step, one.step),
        "way": _went(one, ways),
        "other": others.get(one.campaign, ""),
        "moved": one.planned_at is not None and one.what == "sent" and one.at - one.planned_at > timedelta(minutes=5),
    }


def _went(one: Line, ways: Mapping[str, str]) -> str:
    """The way on from a step, in words; nothing where there is only one."""
    if one.what != "passed":
        return ""
    if one.outcome == HELD:
        return say(LABELS[Reason.HOLDOUT])
    return ways.get(f"{one.step}.{one.outcome}", "")
