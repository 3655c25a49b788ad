"""Raising alerts, what people answer to them, and the digest. Once for each lead and cooldown."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record
from nurture.alerts import letters, store
from nurture.alerts.model import Alert, AlertState, EmailWay, House, Mailing, Moment, Why
from nurture.alerts.notifiers import notifiers
from nurture.alerts.proposals import proposed
from nurture.alerts.raised import Raised
from nurture.alerts.reasons import choose
from nurture.alerts.tables import alerts
from nurture.alerts.timing import working
from nurture.alerts.triggers import Trigger, triggers
from nurture.alerts.triggers.proposal import KEY as PROPOSAL
from nurture.alerts.triggers.replied import KEY as REPLIED
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.kernel.text import clean
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes
from nurture.messages.service import set_state, write
from nurture.messages.values import house_values
from nurture.opportunities import published as pipelines
from nurture.opportunities import service as deals
from nurture.opportunities import store as deal_store
from nurture.opportunities.model import AlertLimits
from nurture.scoring.model import BY_HAND, ScoringRules
from nurture.scoring.store import strong_lines
from nurture.segments.store import facts
from nurture.users.model import Person, may_edit_lead, may_see_lead, user_of
from nurture.users.store import by_id, names

DIGEST = "staff_digest"


def house_of(settings: Settings) -> House:
    """What alert mails say of this installation."""
    return House(settings.base_url, house_values(settings), settings.zone, settings.language)


# raising


def raise_due(
    conn: Connection, moment: Moment, rules: ScoringRules | None, limits: AlertLimits, house: House,
    *, now: datetime, real: datetime,
) -> list[Alert]:  # fmt: skip
    """Raise what this moment calls for; those within their cooldown leave a decision instead."""
    due = [(name, trigger) for name, trigger in triggers().items() if trigger.due(moment)]
    found = [_raise(conn, name, trigger, moment, rules, limits, house, now, real) for name, trigger in due]
    return [alert for alert in found if alert is not None]


def _raise(
    conn: Connection,
    name: str,
    trigger: Trigger,
    moment: Moment,
    rules: ScoringRules | None,
    limits: AlertLimits,
    house: House,
    now: datetime,
    real: datetime,
) -> Alert | None:
    key = f"{name}:{moment.lead_id}:{moment.cause}"
    last = store.latest(conn, name, moment.lead_id)
    if last is not None and last.key == key:
        return None
    if last is not None and last.raised_at + limits.cooldown > now:
        _refuse(conn, key, last, moment, now)
        return None
    reasons = why_hot(conn, moment.lead_id, rules)
    values = {
        "key": key, "trigger": name, "lead_id": moment.lead_id, "opportunity_id": moment.opportunity_id,
        "owner_id": moment.owner_id, "state": AlertState.OPEN.value, "reasons": [why.plain() for why in reasons],
        "raised_at": now, "cause": moment.cause, "email": EmailWay.NONE.value,
    }  # fmt: skip
    insert = upsert(conn.dialect.name, alerts).values(values).on_conflict_do_nothing(index_elements=["key"])
    new = conn.execute(insert.returning(alerts.c.id)).scalar_one_or_none()
    if new is None:
        return None
    raised = Raised(store.get(conn, int(new)), trigger, limits, house, now, real)
    for notifier in notifiers().values():
        notifier.notify(conn, raised)
    return store.get(conn, int(new))


def _refuse(conn: Connection, key: str, last: Alert, moment: Moment, now: datetime) -> None:
    owner = names(conn, [last.owner_id or 0]).get(last.owner_id or 0, "")
    params = {"owner": owner, "time": last.raised_at.isoformat(), "alert": last.id}
    no = Decision(Decided.ALERT, f"alert:{key}", "no", Reason.COOLDOWN, now, moment.lead_id, moment.cause, params)
    decide_many(conn, [no])


def why_hot(conn: Connection, lead_id: int, rules: ScoringRules | None) -> tuple[Why, ...]:
    """The three latest distinct things that made the lead what it is."""
    found = []
    for entry, happened in strong_lines(conn, lead_id, 1):
        if entry.rule == BY_HAND:
            author = user_of(entry.actor) or 0
            params = {"person": names(conn, [author]).get(author, entry.actor), "reason": entry.reason}
            found.append((entry.points, Why(BY_HAND, entry.at, {}, params)))
            continue
        rule = rules.by_key(entry.rule) if rules else None
        url = happened.url if happened else None
        found.append((entry.points, Why(entry.rule, entry.at, rule.name if rule else {}, {"url": url or ""})))
    return choose(found)


# what people answer


def accept(conn: Connection, person: Person, alert_id: int, *, now: datetime, real: datetime) -> Alert:
    """I take it: the alert is done, and its opportunity accepted; one that was only proposed opens."""
    alert = _held(conn, person, alert_id)
    new = proposed(alert)
    if new is not None:
        pipeline = pipelines.live(conn, facts(conn))
        if pipeline is None:
            raise ConflictError(N_("There is no sales pipeline yet"))
        zone = ZoneInfo(person.zone)
        opened = deals.open_by_hand(conn, person, new, pipeline, now=now, real=real, zone=zone)
        store.update(conn, alert.id, opportunity_id=opened.id)
    if alert.opportunity_id is not None:
        one = deal_store.get(conn, alert.opportunity_id, lock=True)
        if one.is_open:
            deals.accept(conn, person, one.id, one.version, now=now, real=real)
    return _answer(conn, alert, AlertState.ACCEPTED, person, "", now, real)


def later(conn: Connection, person: Person, alert_id: int, until: datetime, *, now: datetime, real: datetime) -> Alert:
    """Not now: it shows again at `until`."""
    alert = _held(conn, person, alert_id)
    if until <= now:
        raise InputError([Problem("past", N_("Choose a time in the future"), path="until")])
    store.update(conn, alert.id, later_until=until)
    return _answer(conn, alert, AlertState.LATER, person, "", now, real)


def dismiss(conn: Connection, person: Person, alert_id: int, reason: str, *, now: datetime, real: datetime) -> Alert:
    """Not a fit, with the reason: an opportunity that nobody has accepted goes back to marketing."""
    alert = _held(conn, person, alert_id)
    why = clean(reason, 300)
    if not why:
        raise InputError([Problem("no_reason", N_("Say why"), path="reason")])
    if alert.opportunity_id is not None:
        one = deal_store.get(conn, alert.opportunity_id, lock=True)
        if one.is_open and one.accepted_at is None:
            deals.give_back(conn, person, one.id, why, one.version, now=now, real=real)
    return _answer(conn, alert, AlertState.DISMISSED, person, why, now, real)


def _held(conn: Connection, person: Person, alert_id: int) -> Alert:
    alert = store.get(conn, alert_id, lock=True)
    if not may_see_lead(person, alert.owner_id):
        raise NotFoundError(N_("There is no such alert"))
    if not may_edit_lead(person, alert.owner_id):
        raise ForbiddenError(N_("You may look, but not change anything"))
    if not alert.waits:
        raise ConflictError(N_("Somebody has answered this alert already"))
    return alert


def _answer(
    conn: Connection, alert: Alert, state: AlertState, person: Person, reason: str, now: datetime, real: datetime
) -> Alert:
    ended = {"ended_at": now} if state is not AlertState.LATER else {}
    store.update(conn, alert.id, state=state.value, ended_by=person.actor, ended_reason=reason, **ended)
    detail = {"alert": alert.id, "trigger": alert.trigger, "state": state.value, "reason": reason}
    activity = Activity(alert.lead_id, Kind.ALERTED, now, person.actor, f"alert:{alert.id}", detail=detail)
    record(conn, activity, real=real, react=False)
    return store.get(conn, alert.id)


# what the engine takes back


def withdraw(conn: Connection, waiting: Iterable[Alert], *, now: datetime, real: datetime) -> None:
    """Take alerts back whose cause was a machine, and their emails where they have not gone."""
    for alert in waiting:
        ended = {"ended_at": now, "ended_by": "engine", "ended_reason": Reason.VERDICT_CHANGED.value}
        store.update(conn, alert.id, state=AlertState.WITHDRAWN.value, **ended)
        if alert.message_id is not None and alert.email is EmailWay.NOW:
            set_state(conn, [alert.message_id], MessageState.CANCELED, now=now, reason=Reason.VERDICT_CHANGED)
        detail = {"alert": alert.id, "trigger": alert.trigger, "state": AlertState.WITHDRAWN.value}
        activity = Activity(alert.lead_id, Kind.ALERTED, now, "engine", f"alert:{alert.id}", detail=detail)
        record(conn, activity, real=real, react=False)


def renew_reasons(conn: Connection, waiting: Iterable[Alert], rules: ScoringRules | None) -> None:
    """Say anew why, after something that was among the reasons was taken back."""
    for alert in waiting:
        if alert.trigger in {PROPOSAL, REPLIED}:  # their reasons are the campaign and the letter
            continue
        reasons = [why.plain() for why in why_hot(conn, alert.lead_id, rules)]
        if reasons != list(alert.reasons):
            store.update(conn, alert.id, reasons=reasons)


# the digest


def digest(conn: Connection, house: House, *, now: datetime, real: datetime) -> list[int]:
    """One email for each owner whose working hours have begun, with all that waits for it; gives the message ids.

    What was answered or withdrawn meanwhile is left out; who is away now gets it when they are back.
    """
    written = []
    for owner_id, group in groupby(store.for_digest(conn, now), key=lambda alert: alert.owner_id):
        message_id = _digest_of(conn, owner_id, list(group), house, now, real)
        if message_id is not None:
            written.append(message_id)
    return written


def _digest_of(
    conn: Connection, owner_id: int | None, due: list[Alert], house: House, now: datetime, real: datetime
) -> int | None:
    owner = by_id(conn, owner_id) if owner_id is not None else None
    waiting = [alert for alert in due if alert.state is AlertState.OPEN and owner and owner.disabled_at is None]
    for alert in due:
        if alert not in waiting:
            store.save_mailing(conn, alert.id, Mailing(EmailWay.NONE, Reason.DONE))
    if owner is None or not waiting:
        return None
    start = working(store.hours_of(conn, owner, house), now)
    if start > now:
        for alert in waiting:
            store.save_mailing(conn, alert.id, Mailing(EmailWay.DIGEST, Reason.NIGHT_DIGEST, start))
        return None
    values = letters.many(waiting, letters.facts_of(conn, waiting, now), owner, house)
    message = NewMessage(
        Purposes.ALERT, DIGEST, owner.language or house.language, MessageClass.TRANSACTIONAL, now,
        user_id=owner.id, unique_key=f"digest:{owner.id}:{waiting[0].id}", values=values, priority=2,
    )  # fmt: skip
    message_id = write(conn, [message], now=now, real=real)[0]
    for alert in waiting:
        store.update(conn, alert.id, message_id=message_id)
    return message_id
