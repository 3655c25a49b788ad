"""The account of sends: nine states that add up to the audience, the list behind each, one message's whole story."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.alerts.reasons import shown_link
from nurture.broadcasts import store as broadcasts
from nurture.campaigns import store as campaigns
from nurture.delivery import mailbox
from nurture.delivery import resolve as resolving
from nurture.delivery.bounce_words import LABELS as REFUSALS
from nurture.delivery.resolve import PART, Resolution, Which
from nurture.kernel.errors import ForbiddenError, InputError, NotFoundError
from nurture.kernel.i18n import N_, translate_plural
from nurture.kernel.reasons import LABELS, Reason
from nurture.kernel.spans import in_words
from nurture.messages import store
from nurture.messages.model import MessageState
from nurture.tracking import store as tracking
from nurture.tracking.model import Verdict
from nurture.tracking.verdict import is_examined, sentence, was_passed_on
from nurture.users import store as accounts
from nurture.web import counting
from nurture.web.language import language, say
from nurture.web.page import Form, context, go, read, render, submitted, toast, whole, write, zone
from nurture.web.session import person
from nurture.web.words import local_day, word

blueprint = Blueprint("sends", __name__)

_MANY = 2_000
_SHOWN = 50  # of those that may have arrived

# What each state means, in a line of help.
MEANINGS: Mapping[str, str] = {
    MessageState.QUEUED: N_("Written, waits for its time or its turn"),
    MessageState.SENDING: N_("Talking to the mail server right now"),
    MessageState.SENT: N_("The mail server took it"),
    MessageState.DEFERRED: N_("The mail server said: later. It is tried again by itself"),
    MessageState.BOUNCED: N_("The address refused it"),
    MessageState.REJECTED: N_("The mail server refused it, or its last day passed; the lead is not to blame"),
    MessageState.SKIPPED: N_("We chose not to send, with a reason"),
    MessageState.CANCELED: N_("Taken back before it went"),
    MessageState.UNKNOWN: N_("The mail server did not answer in time; it is not sent again by itself"),
}
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    Verdict.HUMAN: (N_("a person"), "good", "person"),
    Verdict.MACHINE: (N_("a machine"), "", "robot"),
    Verdict.PROXY: (N_("through a proxy"), "watch", "shield-check"),
    Verdict.SUSPECT: (N_("suspect"), "watch", "question-circle"),
}
_EVENTS = {"open": N_("Opened"), "click": N_("Clicked")}
PHASES = {
    "held": N_("given back before it began"),
    "render": N_("while the mail was made"),
    "connect": N_("while connecting"),
    "greeting": N_("at the greeting"),
    "auth": N_("at signing in"),
    "mail": N_("at the sender's address"),
    "rcpt": N_("at the recipient's address"),
    "data": N_("before the text"),
    "body": N_("in the text"),
    "dot": N_("after the last line, before the answer"),
    "answered": N_("answered"),
}
PURPOSES = {
    "campaign": N_("Campaign"),
    "broadcast": N_("One-time email"),
    "alert": N_("Alert to staff"),
    "notice": N_("Confirmation to a lead"),
    "account": N_("Account of staff"),
}


@blueprint.get("/sends")
def index() -> ResponseReturnValue:
    """The nine states with their sum, and the messages behind them."""
    query = request.args
    state = query.get("state", "") if query.get("state") in set(MessageState) else ""
    reason = query.get("reason", "") if query.get("reason") in set(Reason) else ""
    before = whole(query.get("before"))
    day = _day(query.get("day", ""))
    with read() as conn:
        known = {one.key: one for one in campaigns.every(conn)}
        campaign = known.get(query.get("campaign", ""))
        key = campaign.key if campaign else None
        broadcast = broadcasts.get(conn, query["broadcast"]) if query.get("broadcast") and campaign is None else None
        counted, counted_at = _tally(conn, key, broadcast.id if broadcast else None)
        asked = sum(count for one, why, count in counted if state in {"", one} and reason in {"", why})
        found = store.page(
            conn, campaign_id=campaign.id if campaign else None,
            broadcast_id=broadcast.id if broadcast else None, states=[state] if state else (),
            reason=reason or None, before=before, seen_by=person(), within=_span(day) if day else None,
            many=asked > _MANY,
        )  # fmt: skip
        cast = broadcasts.called(conn, {row.broadcast_id for row in found.rows} - {None})
    return render(
        "sends/index.html", account=store.summed(counted), reasons=_reasons(store.explained(counted)),
        rows=found.rows, older=found.next,
        first=before is None, state=state, reason=reason, campaign=campaign, day=day, meanings=_said(MEANINGS),
        broadcast=broadcast, cast=cast,
        campaigns=[(one.key, one.named(language())) for one in known.values()], labels=_said(LABELS),
        filter_form=Form(request.args.to_dict(), name="only"), only_mine=not person().sees_all,
        counted_at=counted_at,
    )  # fmt: skip


def _tally(conn: Connection, campaign: str | None, broadcast: int | None) -> tuple[store.Tally, datetime | None]:
    """What stands where, in one snapshot, and of which instant where it was not taken now."""
    who = person()
    seen_by = None if who.sees_all else who

    def count(conn: Connection) -> store.Tally:
        return store.tally(conn, campaign, seen_by)

    if broadcast is not None:
        found = counting.tally(conn, broadcast, seen_by)
    else:
        name = ("sends", campaign, None, None if who.sees_all else who.id)
        found = counting.counted(conn, name, count, lambda tally: sum(number for _, _, number in tally))
    return found.value, found.at


def _said(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): say(text) for key, text in texts.items()}


def _reasons(rows: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    return [{"state": state, "reason": reason, "count": count} for state, reason, count in rows]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None  # within what the zones can tell


def _span(day: date) -> tuple[datetime, datetime]:
    """The day where the reader is."""
    start, end = (datetime.combine(one, time(), tzinfo=zone()) for one in (day, day + timedelta(days=1)))
    return start.astimezone(UTC), end.astimezone(UTC)


def today_of(now: datetime) -> tuple[date, datetime]:
    """The reader's day and its first instant."""
    day = local_day(now)
    return day, _span(day)[0]


@blueprint.get("/sends/unknown")
def unsure() -> ResponseReturnValue:
    """What may or may not have arrived, with all that is known of each, and what somebody can say of it."""
    return _unsure()


@blueprint.post("/sends/unknown")
def resolve() -> ResponseReturnValue:
    """Say of those picked, or of all that the page was about, that they had gone, or send them again."""
    which, how = _which(request.form), request.form.get("do", "")
    if how not in set(Resolution):
        raise NotFoundError
    if request.form.get("all") != "yes":
        which = Which(ids=tuple(one for text in request.form.getlist("id") if (one := whole(text)) is not None))
    try:
        count = _resolved(which, Resolution(how), request.form.get("why", ""))
    except InputError as error:
        return _unsure(submitted(error), 422)
    if how == Resolution.AGAIN:
        context().wake.messages.set()
        toast(translate_plural(language(), "%(count)s email goes again", "%(count)s emails go again", count))
    else:
        toast(translate_plural(language(), "%(count)s email counts as sent", "%(count)s emails count as sent", count))
    campaign, broadcast = (request.form.get(name) or None for name in ("campaign", "broadcast"))
    return go(url_for("sends.unsure", campaign=campaign, broadcast=broadcast))


def _resolved(which: Which, how: Resolution, why: str) -> int:
    """Part by part; gives how many."""
    done, part = 0, PART
    while part == PART:
        with write() as conn:
            part = len(resolving.resolve(conn, context(), person(), which, how, why))
        done += part
    return done


def _which(asked: Mapping[str, str]) -> Which:
    """Of which campaign or one-time email; NotFoundError when there is none of that key."""
    with read() as conn:
        campaign = campaigns.get(conn, asked["campaign"]) if asked.get("campaign") else None
        broadcast = broadcasts.get(conn, asked["broadcast"]) if asked.get("broadcast") else None
    if (asked.get("campaign") and campaign is None) or (asked.get("broadcast") and broadcast is None):
        raise NotFoundError
    return Which(campaign_id=campaign.id if campaign else None, broadcast_id=broadcast.id if broadcast else None)


def _unsure(form: Form | None = None, status: int = 200) -> ResponseReturnValue:
    if not person().may_define:
        raise ForbiddenError(N_("Only marketers and administrators may say what became of an email"))
    which, before = _which(request.values), whole(request.args.get("before"))
    with read() as conn:
        count = resolving.count(conn, which)
        rows = resolving.listed(conn, which, before=before, limit=_SHOWN + 1)
    return render(
        "sends/unknown.html", status, rows=rows[:_SHOWN], count=count, first=before is None,
        older=rows[_SHOWN - 1].id if len(rows) > _SHOWN else None, form=form or Form({}),
        campaign=request.values.get("campaign", ""), broadcast=request.values.get("broadcast", ""),
        picked=set(request.form.getlist("id")),
    )  # fmt: skip


@blueprint.get("/messages/<int:message_id>")
def message(message_id: int) -> ResponseReturnValue:
    """One message: where it stands and why, when what happened, each try, each hit with its verdict."""
    with read() as conn:
        one = store.seen(conn, message_id, person())
        if one is None:
            raise NotFoundError
        attempts = store.attempts_of(conn, one.id)
        sent = min((each.at for each in attempts if each.outcome == MessageState.SENT.value), default=None)
        hits = [shown_hit(kept, sent) for kept in tracking.of_message(conn, one.id)]
        reader = accounts.by_id(conn, one.user_id) if one.user_id else None
        mail = _in_mailbox(conn, one.header_id)
    return render(
        "sends/message.html", one=one, attempts=attempts, hits=hits, reader=reader, mail=mail,
        meaning=say(MEANINGS[MessageState(one.state)]), phases=_said(PHASES), purpose=word(PURPOSES, one.purpose),
        refusals=_said(REFUSALS), form=Form({}),
    )  # fmt: skip


def _in_mailbox(conn: Connection, header_id: str) -> int | None:
    """The mail in the built-in mailbox, where mail goes there; a viewer does not look into it."""
    if not context().settings.has_mailbox or not person().may_edit:
        return None
    return mailbox.number_of(conn, header_id)


def shown_hit(kept: tracking.Kept, sent: datetime | None = None) -> dict[str, Any]:
    """A hit with its verdict and reasons in words; how long after the sending (real time), where that is known."""
    label, look, icon = VERDICTS[kept.verdict] if kept.verdict else (N_("not looked at yet"), "", "hourglass-split")
    if is_examined(kept.verdict, kept.reasons, settled=kept.settled):
        label, icon = N_("being examined"), "hourglass-split"
    elif kept.verdict is Verdict.SUSPECT and was_passed_on(kept.reasons):
        label = N_("perhaps passed on")
    return {
        "at": kept.hit.engine_at,
        "after": in_words(kept.hit.at - sent, language()) if sent is not None and kept.hit.at >= sent else "",
        "event": word(_EVENTS, kept.hit.kind),
        "click": kept.hit.kind == "click",
        "link": shown_link(kept.hit.url or ""),
        "url": kept.hit.url,
        "verdict": say(label),
        "look": look,
        "icon": icon,
        "reasons": [sentence(code, language()) for code in kept.reasons],
        "counts": kept.activity_id is not None,
        "settled": kept.settled,
        "agent": kept.hit.agent,
        "ip": kept.hit.ip,
        "method": kept.hit.method,
    }
