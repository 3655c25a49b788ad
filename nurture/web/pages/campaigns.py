"""Campaigns: what runs, one campaign with its steps and counts, who is in it; pausing, resuming, putting away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.bootstrap import gallery
from nurture.campaigns import service, store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.load import read_folder
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.steps import label_of
from nurture.engine import held
from nurture.enrollments import experiments, listing
from nurture.enrollments import store as enrollments
from nurture.enrollments.model import EnrollmentState
from nurture.kernel.errors import DefinitionError, NotFoundError, NurtureError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import LABELS, Reason
from nurture.kernel.yamlfile import read as read_yaml
from nurture.messages import store as messages
from nurture.messages.model import MessageState
from nurture.rules.describe import describe
from nurture.rules.parse import parse
from nurture.segments import store as segments
from nurture.users.model import user_of
from nurture.web import calling, campaign_words, comparison_words, counting
from nurture.web.language import language, say
from nurture.web.page import context, facts, go, known, now, read, real, render, titles, toast, whole, write
from nurture.web.session import person
from nurture.web.words import named

blueprint = Blueprint("campaigns", __name__)

STATES: Mapping[str, tuple[str, str, str]] = {  # label, look of its chip, icon
    CampaignState.DRAFT: (N_("draft"), "", "pencil"),
    CampaignState.LIVE: (N_("live"), "good", "play-circle"),
    CampaignState.PAUSED: (N_("paused"), "watch", "pause-circle"),
    CampaignState.ARCHIVED: (N_("archived"), "", "slash-circle"),
}
_ORDER = (CampaignState.LIVE, CampaignState.PAUSED, CampaignState.DRAFT, CampaignState.ARCHIVED)
_DONE = {
    "pause": N_("“%(name)s” is paused: nobody moves, nothing goes"),
    "resume": N_("“%(name)s” goes on"),
    "archive": N_("“%(name)s” is archived; those under way leave it"),
}
_BACK = {"pause": "resume", "resume": "pause"}


@blueprint.get("/campaigns")
def index() -> ResponseReturnValue:
    """Every campaign with what it does now; the gallery while there is none."""
    with read() as conn:
        found = sorted(_overviews(conn, store.every(conn)), key=lambda one: _ORDER.index(one.campaign.state))
        sent = counting.by_campaign(conn)
    samples = [] if found else _samples()
    return render("campaigns/index.html", campaigns=[_line(one, sent.get(one.campaign.id, {})) for one in found],
                  samples=samples, states=_states())  # fmt: skip


def _states() -> dict[str, dict[str, str]]:
    return {str(key): {"label": say(label), "look": look, "icon": icon} for key, (label, look, icon) in STATES.items()}


def _line(one: enrollments.Overview, sent: Mapping[str, int]) -> dict[str, Any]:
    return {
        "key": one.campaign.key,
        "name": one.campaign.named(language()),
        "state": one.campaign.state,
        "active": one.states.get(EnrollmentState.ACTIVE, 0),
        "failed": one.states.get(EnrollmentState.FAILED, 0),
        "goals": one.goals,
        "entered": one.entered,
        "next": one.next_due if one.campaign.state is CampaignState.LIVE else None,
        "sent": sent.get(MessageState.SENT, 0),
        "unknown": sent.get(MessageState.UNKNOWN, 0),
        "has_goal": bool(one.campaign.definition.get("goal")),
    }


def _samples() -> list[dict[str, str]]:
    """What the gallery offers: file, name and number of emails."""
    folder: Path = gallery(context().settings)[0]
    found = []
    for file, text in read_folder(folder).campaigns.items():
        data = read_yaml(text, file).data
        if isinstance(data, Mapping) and isinstance(data.get("name"), Mapping | str):
            found.append({"file": file, "name": named(data["name"]) or file, "emails": str(text.count("send_email:"))})
    return found


@blueprint.get("/campaigns/<key>")
def show(key: str) -> ResponseReturnValue:
    """One campaign: who comes in, how it sends, its steps with counts, its revisions."""
    with read() as conn:
        overview = _overview(conn, key)
        stored = overview.campaign
        campaign, problem = _definition(conn, stored)
        counted = counting.counted(
            conn, ("campaign", key), lambda conn: _counts(conn, stored), lambda found: int(found.account["audience"])
        )
        counts = counted.value
        values: dict[str, Any] = {
            "one": _line(overview, counts.account["states"]),
            "account": counts.account,
            "counted_at": counted.at,
            "revisions": _revisions(conn, stored),
            "waits": [(code, _waits(code), count) for code, count in counts.waits],
            "calls": calling.account(conn, key),
        }
        if campaign is not None:
            values |= _words(conn, campaign, stored, counts)
    return render(
        "campaigns/show.html", stored=stored, campaign=campaign, problem=problem, states=_states(),
        enrolled=[(state.value, overview.states.get(state, 0)) for state in EnrollmentState], **values,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted of a campaign, at one time: its mails, why things wait, its steps."""

    account: Mapping[str, Any]
    waits: Sequence[tuple[str, int]]
    steps: Mapping[str, enrollments.StepCounts]


def _counts(conn: Connection, stored: store.Stored) -> _Counts:
    return _Counts(
        messages.account(conn, stored.key), held.waits(conn, stored.id), enrollments.step_counts(conn, stored.id)
    )


def _waits(code: str) -> str:
    return say(LABELS[Reason(code)]) if code in set(Reason) else code


def _overview(conn: Connection, key: str) -> enrollments.Overview:
    stored = store.get(conn, key)
    if stored is None:
        raise NotFoundError
    return _overviews(conn, [stored])[0]


def _overviews(conn: Connection, chosen: Sequence[store.Stored]) -> list[enrollments.Overview]:
    found = counting.figures(conn)
    return [enrollments.Overview(one, *found.get(one.id, enrollments.Figures())) for one in chosen]


def _definition(conn: Connection, stored: store.Stored) -> tuple[Campaign | None, str]:
    """The campaign as read, or why it cannot be read."""
    if not stored.definition:
        return None, ""
    try:
        return from_revision(stored.definition, facts(conn)), ""
    except DefinitionError as error:
        return None, "; ".join(one.text() for one in error.problems)


def _words(conn: Connection, campaign: Campaign, stored: store.Stored, counts: _Counts) -> dict[str, Any]:
    key = campaign.entry.segment
    segment = segments.get(conn, key) if key else None
    rule = parse(segment.asked, facts(conn)) if segment else None
    called = titles(conn)
    return {
        "segment": key,
        "size": segments.size(conn, key) if key else None,
        "rule": describe(rule, language(), titles=called) if rule is not None else "",
        "entry": campaign_words.entry(campaign, called, language()),
        "goal": campaign_words.goal(campaign, language(), called),
        "leave": campaign_words.leave(campaign, language(), called),
        "sending": campaign_words.sending(campaign, language()),
        "tree": campaign_words.tree(campaign, counts.steps, called, language()),
        "comparisons": _comparisons(conn, campaign, stored),
    }


def _comparisons(conn: Connection, campaign: Campaign, stored: store.Stored) -> list[comparison_words.Comparison]:
    """What came of each split, and of a group without mail; asks nothing where there is none."""
    splits, holdouts = experiments.compared(campaign.steps)
    if not splits and not holdouts:
        return []
    told = experiments.told(conn, stored.id, stored.key, splits, holdouts)
    groups = comparison_words.holdouts(campaign, told.counts, language())
    return [*comparison_words.splits(campaign, told.counts, told.kept, language()), *groups]


def _revisions(conn: Connection, stored: store.Stored) -> list[dict[str, Any]]:
    found = store.revisions_of(conn, stored.id)
    people = known(conn).names([user_of(one.created_by) for one in found])
    return [
        {
            "hash": one.hash[:10],
            "at": one.created_at,
            "by": people.get(user_of(one.created_by) or 0) or one.created_by,
            "here": one.id == stored.revision_id,
        }
        for one in found
    ]


@blueprint.post("/campaigns/<key>/steer")
def steer(key: str) -> ResponseReturnValue:
    """Pause, resume, archive."""
    verb = request.form.get("do", "")
    with write() as conn:
        service.steer(conn, person(), key, verb, now=now(), real=real())
        stored = store.get(conn, key)
    if stored is None:
        raise NotFoundError
    undo = url_for("campaigns.steer", key=key) if verb in _BACK else None
    fields = {"do": _BACK[verb]} if verb in _BACK else None
    toast(say(_DONE[verb], name=stored.named(language())), undo=undo, fields=fields)
    return go(url_for("campaigns.show", key=key))


@blueprint.post("/campaigns/<key>/way")
def choose_way(key: str) -> ResponseReturnValue:
    """Choose the way that newcomers of a split go; an empty one lets them go all ways again."""
    step, way = request.form.get("step", ""), request.form.get("way", "")
    with write() as conn:
        experiments.choose_as(conn, person(), key, step, way, facts(conn), now=now(), real=real())
    toast(say("Newcomers go the way “%(way)s” now", way=way) if way else say("Newcomers go all ways again"))
    return go(url_for("campaigns.show", key=key, _anchor=f"compare-{step}"))


@blueprint.get("/campaigns/<key>/enrollments")
def enrolled(key: str) -> ResponseReturnValue:
    """Who is or was in it: all, by state, at a step now, or past a step."""
    query = request.args
    chosen = listing.Chosen(
        state=query.get("state", "") if query.get("state") in set(EnrollmentState) else "",
        reason=query.get("reason", ""), step=query.get("step", ""), passed=query.get("passed", ""),
        outcome=query.get("outcome", ""),
    )  # fmt: skip
    after = whole(query.get("before"))
    why = query.get("held", "")
    with read() as conn:
        stored = store.get(conn, key)
        if stored is None:
            raise NotFoundError
        among = held.waiting(stored.id, why) if why else None
        rows, older = listing.participants(conn, stored.id, person(), chosen, after, among=among)
        steps, waits, ways, asking = _step_words(conn, stored)
    return render(
        "campaigns/enrollments.html", stored=stored, name=stored.named(language()), rows=rows, older=older,
        first=after is None, chosen=chosen, heading=_heading(chosen, why, steps, ways), steps=steps, waits=waits,
        asking=asking, only_mine=not person().sees_all,
    )  # fmt: skip


def _step_words(
    conn: Connection, stored: store.Stored
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]], frozenset[str]]:
    """Each step's sentence, of each wait how long it is, what the ways are called, and which steps may end early."""
    try:
        campaign, _ = _definition(conn, stored)
    except NurtureError:
        campaign = None
    if campaign is None:
        return {}, {}, {}, frozenset()
    called, spoken = titles(conn), language()
    ways = {
        one.id: {way: label_of(one.kind, one.config, way, spoken, called) for way in one.ways}
        for one in campaign.steps.values()
    }
    waits = {one.id: campaign_words.waiting(one, spoken) for one in campaign.steps.values()}
    words = {one.id: campaign_words.step_words(one, called, spoken) for one in campaign.steps.values()}
    asking = frozenset(one.id for one in campaign.steps.values() if campaign_words.is_asking(one))
    return words, waits, ways, asking


def _heading(chosen: listing.Chosen, why: str, steps: Mapping[str, str], ways: Mapping[str, Mapping[str, str]]) -> str:
    """What the list is narrowed to, in words."""
    if why:
        return say("wait: %(reason)s", reason=_waits(why))
    if chosen.step:
        return say("now at: %(step)s", step=steps.get(chosen.step, chosen.step))
    if chosen.passed:
        step = steps.get(chosen.passed, chosen.passed)
        match chosen.outcome:
            case "skipped":
                return say("got no email at: %(step)s", step=step)
            case way if way in ways.get(chosen.passed, {}):
                return say("went the way “%(way)s” at: %(step)s", way=ways[chosen.passed][way], step=step)
            case _:
                return say("have passed: %(step)s", step=step)
    return ""
