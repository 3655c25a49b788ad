"""Today for marketers, administrators and viewers: what needs a person, what goes out, what runs, what changed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, url_for
from sqlalchemy.engine import Connection

from nurture.activities import store as activities
from nurture.activities.model import Kind
from nurture.campaigns.model import CampaignState
from nurture.delivery import route
from nurture.engine.known import Running
from nurture.engine.troubles import Troubles, troubles
from nurture.enrollments import store as enrollments
from nurture.enrollments.model import EnrollmentState
from nurture.kernel.i18n import translate_plural
from nurture.leads.model import Temperature
from nurture.messages.model import MessageState
from nurture.users.model import Person, Role
from nurture.web import counting, formats
from nurture.web.blocks import Block
from nurture.web.language import language, say
from nurture.web.page import house, known, real
from nurture.web.pages.sends import today_of
from nurture.web.words import local_day

blueprint = Blueprint("marketing_today", __name__)

Seen = tuple[Running, enrollments.Figures]  # a campaign and its figures

_MAIL = (Kind.MESSAGE_SENT, Kind.MESSAGE_BOUNCED)
_CHANGES = (Kind.CREATED, Kind.OPPORTUNITY_OPENED, Kind.UNSUBSCRIBED, Kind.CLICKED)
_LIVE = 5  # campaigns; the others are a link
_SILENT = timedelta(seconds=20)  # after the end of its lease, before a clock is missed
_PATIENCE = timedelta(hours=4)  # before an alert that nobody took is a matter for others


def today_blocks(conn: Connection, who: Person, at: datetime) -> list[Block]:
    """Four blocks; the first only when something needs a person."""
    if who.role is Role.SALES:
        return []
    figures = counting.figures(conn)
    overview = [(one, figures.get(one.id, enrollments.Figures())) for one in known(conn).campaigns]
    sent = counting.by_campaign(conn)
    around = troubles(conn, at, at - _PATIENCE)
    needs = [*_system(around, who), *_of_campaigns(overview, sent, who), *_hot(around), *_asked(around, who, at)]
    day, yesterday = today_of(at), at - timedelta(days=1)
    counts = activities.counts_since(conn, {"today": (_MAIL, day[1]), "day": (_CHANGES, yesterday)})
    live = _live(overview)
    blocks = [
        Block(30, "desk/_sends.html", _sends(counts["today"], sent, day[0])),
        Block(40, "desk/_live.html", {"rows": live[:_LIVE], "more": len(live) - _LIVE}),
        Block(50, "desk/_changes.html", {"rows": _changes(conn, counts["day"], yesterday)}),
    ]
    if needs:
        blocks.insert(0, Block(15, "desk/_needs.html", {"rows": needs}, urgent=True))
    return blocks


def _need(text: str, look: str, icon: str, href: str = "", action: str = "") -> dict[str, str]:
    return {"text": text, "look": look, "icon": icon, "href": href, "action": action}


def _system(around: Troubles, who: Person) -> list[dict[str, str]]:
    """What keeps mail in: the installation itself, a route."""
    found = []
    row = house()
    if row is not None and row.stopped_sending and who.may_administer:
        found.append(_need(say(row.stopped_sending), "error", "pause-circle"))
    found += _engine(around, who)
    for key, reason in around.routes.items():
        why = route.sentence(reason, language())
        text = say("The mail server “%(route)s” is paused: %(error)s", route=key, error=why)
        found.append(_need(text, "error", "pause-circle", *_to_route(who)))
    if around.failing:
        text = translate_plural(
            language(),
            "%(count)s activity could not be scored yet: %(error)s",
            "%(count)s activities could not be scored yet: %(error)s",
            around.failing,
            error=around.error[:200],
        )
        found.append(_need(text, "error", "exclamation-triangle"))
    return found


def _engine(around: Troubles, who: Person) -> list[dict[str, str]]:
    """Nobody ticks, or something that must hold does not."""
    look = (url_for("engine.index"), say("Look")) if who.may_administer else ()
    if around.clock_until is not None and around.clock_until < real() - _SILENT:
        return [_need(say("No clock ticks: no step comes due, no broadcast begins"), "error", "clock", *look)]
    if not around.wrong:
        return []
    text = translate_plural(
        language(),
        "%(count)s thing is wrong with the engine",
        "%(count)s things are wrong with the engine",
        around.wrong,
    )
    return [_need(text, "error", "exclamation-triangle", *look)]


def _to_route(who: Person) -> tuple[str, str]:
    """Where a mail server is seen to, by administrators; for others, what waits for it."""
    if who.may_administer:
        return url_for("relays.index"), say("Look")
    return url_for("sends.index", state="queued"), say("What waits")


def _to_resolve(who: Person) -> tuple[str, str]:
    """Where to say what became of mail that may have arrived, for who may."""
    if who.may_define:
        return url_for("sends.unsure"), say("Resolve")
    return url_for("sends.index", state="unknown"), say("Look")


def _of_campaigns(
    overview: list[Seen], sent: Mapping[int | None, Mapping[str, int]], who: Person
) -> list[dict[str, str]]:
    found = []
    unknown = sum(states.get(MessageState.UNKNOWN, 0) for states in sent.values())
    if unknown:
        text = translate_plural(
            language(),
            "%(count)s email may or may not have arrived",
            "%(count)s emails may or may not have arrived",
            unknown,
        )
        found.append(_need(text, "warn", "question-circle", *_to_resolve(who)))
    for one, figures in overview:
        failed = figures.states.get(EnrollmentState.FAILED, 0)
        if failed:
            name = one.named(language())
            text = translate_plural(
                language(),
                "%(count)s lead failed in “%(name)s”",
                "%(count)s leads failed in “%(name)s”",
                failed,
                name=name,
            )
            href = url_for("campaigns.enrolled", key=one.key, state="failed")
            found.append(_need(text, "error", "exclamation-triangle", href, say("Look")))
    return found


def _asked(around: Troubles, who: Person, at: datetime) -> list[dict[str, str]]:
    """People who ask for their data, or to be forgotten."""
    if not around.asked or not who.may_define:
        return []
    text = translate_plural(
        language(), "%(count)s person asks about their data", "%(count)s people ask about their data", around.asked
    )
    late = around.asked_by is not None and around.asked_by < at
    if around.asked_by is not None:
        text += ", " + say("the first is due on %(day)s", day=formats.day(local_day(around.asked_by), language()))
    return [_need(text, "error" if late else "warn", "person", url_for("data_requests.index"), say("Look"))]


def _hot(around: Troubles) -> list[dict[str, str]]:
    """Leads that wait for a call of anybody."""
    if not around.hot:
        return []
    text = translate_plural(
        language(), "%(count)s hot lead waits for a call", "%(count)s hot leads wait for a call", around.hot
    )
    if around.old:
        text += ", " + say("%(count)s of them for over 4 hours", count=around.old)
    return [_need(text, "warn", "bell", url_for("alerts.index", of="all"), say("Look"))]


def _sends(counts: Mapping[Kind, int], sent: Mapping[int | None, Mapping[str, int]], day: date) -> dict[str, Any]:
    """Today's mail: gone, bounced, waiting."""
    waiting = {
        state: sum(states.get(state, 0) for states in sent.values())
        for state in (MessageState.QUEUED, MessageState.DEFERRED, MessageState.SENDING)
    }
    return {
        "day": day.isoformat(),
        "gone": counts.get(Kind.MESSAGE_SENT, 0),
        "bounced": counts.get(Kind.MESSAGE_BOUNCED, 0),
        "queued": waiting[MessageState.QUEUED] + waiting[MessageState.SENDING],
        "deferred": waiting[MessageState.DEFERRED],
    }


def _live(overview: list[Seen]) -> list[dict[str, Any]]:
    """Those that run: paused ones first, then the fullest."""
    rows = [
        {
            "key": one.key,
            "name": one.named(language()),
            "paused": one.state is CampaignState.PAUSED,
            "active": figures.states.get(EnrollmentState.ACTIVE, 0),
            "next": figures.next_due,
        }
        for one, figures in overview
        if one.state in {CampaignState.LIVE, CampaignState.PAUSED}
    ]
    return sorted(rows, key=lambda row: (not row["paused"], -row["active"]))


def _changes(conn: Connection, counts: Mapping[Kind, int], since: datetime) -> list[dict[str, Any]]:
    """What came since this time yesterday."""
    warmed = sum(_rose(one) for one in activities.details_since(conn, Kind.TEMPERATURE_CHANGED, since))
    table = url_for("opportunities.index") + "?as=table"
    refused = url_for("sends.index", reason="unsubscribed")
    return [
        _figure(counts.get(Kind.CREATED, 0), say("new leads"), url_for("leads.index", sort="created")),
        _figure(warmed, say("warmed up"), url_for("leads.index", sort="engagement")),
        _figure(counts.get(Kind.OPPORTUNITY_OPENED, 0), say("opportunities opened"), table),
        _figure(counts.get(Kind.CLICKED, 0), say("clicks by people"), url_for("leads.index")),
        _figure(counts.get(Kind.UNSUBSCRIBED, 0), say("refusals of email"), refused),
    ]


def _figure(count: int, text: str, href: str) -> dict[str, Any]:
    return {"count": count, "text": text, "href": href}


def _rose(detail: Mapping[str, Any]) -> bool:
    order = [temperature.value for temperature in Temperature]
    before, after = detail.get("before"), detail.get("after")
    return before in order and after in order and order.index(str(after)) > order.index(str(before))
