"""The made-up sales team at work: it accepts, calls, moves, wins and loses, with the rights and traces of anybody.

Who has little to do calls the warmest lead that is nobody's.

What is whose, so that who tries the demo can act first:
- whoever is signed in does their work alone: nothing happens in their name;
- the newest opportunities that nobody has touched, a few for each salesperson, are left alone until newer ones come;
- what anybody else has had a hand in is theirs from then on.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import CallOutcome
from nurture.alerts import service as alerting
from nurture.alerts import store as alert_store
from nurture.alerts.model import AlertState
from nurture.alerts.tables import alerts
from nurture.alerts.timing import working
from nurture.demo import clerks
from nurture.demo.people import STAFF
from nurture.demo.selling import HANDS_FULL, LEFT_ALONE, LOOKS_AROUND, Deed, Held, What, deed, due, first_words
from nurture.kernel.context import Context
from nurture.kernel.errors import NurtureError
from nurture.leads import desk
from nurture.leads.desk import Hand
from nurture.leads.model import Lifecycle, Temperature
from nurture.leads.tables import leads
from nurture.loops import Loop
from nurture.opportunities import published, service
from nurture.opportunities.model import NewOpportunity, OpportunityState, Pipeline
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.segments.store import facts
from nurture.users import store as accounts
from nurture.users.model import Person, Role
from nurture.users.tables import sessions

# Who has shown themselves within this is at their desk; a session's last sign of life is kept to a few minutes.
_AT_DESK = timedelta(minutes=15)
_EMAILS = frozenset(email for _, email, _, _ in STAFF)


@dataclass(frozen=True, slots=True)
class Case:
    """One open opportunity of a made-up salesperson's."""

    id: int
    public_id: str
    lead: str  # its public id
    owner_id: int
    opened_at: datetime
    alert_id: int | None  # that waits for an answer
    is_touched: bool
    is_theirs: bool  # somebody else has had a hand in it
    held: Held


class Sellers:
    """The part of a demo's process that plays the sales team."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop = Loop("demo-sellers", self._step, threading.Event(), 1.0)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    def _step(self) -> int:
        act(self._context)
        return 0


def act(context: Context) -> int:
    """One deed of each made-up salesperson who works now and has something to do, and a look at the replies."""
    now, real = context.clock.engine(), context.clock.real()
    with context.database.read() as conn:
        pipeline = published.live(conn, facts(conn, context.settings.zone))
        there = _at_work(conn, context, now, real)
        team = [person for person in there if person.role is Role.SALES] if pipeline else []
        found = cases(conn, pipeline, [person.id for person in team]) if pipeline and team else []
    looked = clerks.look(context, [Hand(person, now, real) for person in there])
    if pipeline is None:
        return looked
    hands = [Hand(person, now, real) for person in team]
    return looked + sum(
        _next(context, hand, pipeline, found) or _look_around(context, hand, pipeline, found) for hand in hands
    )


def _next(context: Context, hand: Hand, pipeline: Pipeline, found: Sequence[Case]) -> bool:
    """Do what has been due longest; what somebody was faster with is passed over."""
    ready = [(due(one.held), one) for one in free(found, hand.person.id) if due(one.held) <= hand.now]
    for _, one in sorted(ready, key=lambda pair: pair[0]):
        try:
            with context.database.write() as conn:
                perform(conn, hand, one, deed(one.held), pipeline)
        except NurtureError:
            continue
        context.wake.reactions.set()
        return True
    return False


def _look_around(context: Context, hand: Hand, pipeline: Pipeline, found: Sequence[Case]) -> bool:
    """With few open ones, and none opened by hand of late: call the warmest lead that is nobody's, and open one."""
    mine = [one for one in found if one.owner_id == hand.person.id]
    with context.database.read() as conn:
        lead = (
            _warm(conn) if len(mine) < HANDS_FULL and _opened_by_hand(conn, hand) + LOOKS_AROUND <= hand.now else None
        )
    if lead is None:
        return False
    try:
        with context.database.write() as conn:
            _take_up(conn, hand, pipeline, lead, context.settings.local_zone)
    except NurtureError:
        return False
    context.wake.reactions.set()
    return True


def _take_up(conn: Connection, hand: Hand, pipeline: Pipeline, lead: Any, zone: ZoneInfo) -> None:
    now, real = hand.now, hand.real
    desk.log_call(conn, hand, lead.public_id, CallOutcome.CALL_BACK.value, first_words(lead.email))
    service.open_by_hand(conn, hand.person, NewOpportunity(lead.id), pipeline, now=now, real=real, zone=zone)


def _opened_by_hand(conn: Connection, hand: Hand) -> datetime:
    """When they last opened one themselves; long ago if never."""
    o = opportunities.c
    query = sa.select(sa.func.max(o.opened_at)).where(o.cause == hand.person.actor, o.automatic.is_(False))
    last: datetime | None = conn.execute(query).scalar_one_or_none()
    return last or hand.now - LOOKS_AROUND


def _warm(conn: Connection) -> Any:
    """The warmest lead with a phone that nobody is in charge of and that has never been an opportunity."""
    c = leads.c
    query = sa.select(c.id, c.public_id, c.email).where(
        c.temperature == Temperature.WARM.value, c.lifecycle == Lifecycle.LEAD.value, c.owner_id.is_(None),
        c.merged_into.is_(None), c.paused_at.is_(None), c.phone.is_not(None), c.email.is_not(None),
        ~sa.exists().where(opportunities.c.lead_id == c.id),
    )  # fmt: skip
    return conn.execute(query.order_by(c.engagement.desc(), c.id).limit(1)).one_or_none()


def free(found: Sequence[Case], owner_id: int) -> list[Case]:
    """What of theirs the team may touch by itself: see the rules above."""
    mine = [one for one in found if one.owner_id == owner_id and not one.is_theirs]
    new = sorted((one for one in mine if not one.is_touched), key=lambda one: one.opened_at, reverse=True)
    left = {one.id for one in new[:LEFT_ALONE]}
    return [one for one in mine if one.id not in left]


def _at_work(conn: Connection, context: Context, now: datetime, real: datetime) -> list[Person]:
    """The made-up staff within their working hours, but for those played by somebody."""
    there = (sessions.c.seen_at > real - _AT_DESK, sessions.c.revoked_at.is_(None))
    played = set(conn.execute(sa.select(sessions.c.user_id).where(*there)).scalars())
    settings, house = context.settings, alerting.house_of(context.settings)
    return [
        one.person(settings.language, settings.zone)
        for one in accounts.everybody(conn)
        if one.email in _EMAILS and one.id not in played
        and working(alert_store.hours_of(conn, one, house), now) <= now
    ]  # fmt: skip


def cases(conn: Connection, pipeline: Pipeline, owners: Sequence[int]) -> list[Case]:
    """The open opportunities of these salespeople."""
    o = opportunities.c
    query = (
        sa.select(opportunities, leads.c.public_id.label("lead"), leads.c.email, leads.c.phone)
        .select_from(opportunities.join(leads, leads.c.id == o.lead_id))
        .where(o.state == OpportunityState.OPEN.value, o.pipeline == pipeline.key, o.owner_id.in_(list(owners)))
    )
    rows = conn.execute(query.order_by(o.id)).all()
    ids = [row.id for row in rows]
    hands, waiting = _hands(conn, ids), _waiting(conn, ids)
    places = {stage.key: place for place, stage in enumerate(pipeline.stages)}
    return [_case(row, places, hands.get(row.id, set()), waiting.get(row.id)) for row in rows]


def _case(row: Any, places: Mapping[str, int], hands: set[str], alert_id: int | None) -> Case:
    accepted = row.accepted_at is not None and alert_id is None
    held = Held(
        row.email or row.phone or row.lead, row.version, accepted, places.get(row.stage, 0), len(places) - 1,
        row.stage_since, row.next_at, row.value,
    )  # fmt: skip
    others = hands - {f"user:{row.owner_id}"}
    return Case(row.id, row.public_id, row.lead, row.owner_id, row.opened_at, alert_id, bool(hands), bool(others), held)


def _hands(conn: Connection, ids: Sequence[int]) -> dict[int, set[str]]:
    """The people who have done something about each of these, its alerts included."""
    changed, answered = opportunity_changes.c, alerts.c
    people = "user:%"
    query = sa.union(
        sa.select(changed.opportunity_id, changed.actor).where(
            changed.opportunity_id.in_(list(ids)), changed.actor.like(people)
        ),
        sa.select(answered.opportunity_id, answered.ended_by).where(
            answered.opportunity_id.in_(list(ids)), answered.ended_by.like(people)
        ),
    )
    found: dict[int, set[str]] = {}
    for opportunity_id, actor in conn.execute(query):
        found.setdefault(opportunity_id, set()).add(actor)
    return found


def _waiting(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    """The alert of each of these that waits for an answer."""
    states = (AlertState.OPEN.value, AlertState.LATER.value)
    query = sa.select(alerts.c.opportunity_id, alerts.c.id).where(
        alerts.c.opportunity_id.in_(list(ids)), alerts.c.state.in_(states)
    )
    return {row.opportunity_id: row.id for row in conn.execute(query.order_by(alerts.c.id))}


def perform(conn: Connection, hand: Hand, one: Case, todo: Deed, pipeline: Pipeline) -> None:
    """Do it through the services that the pages use."""
    times = {"now": hand.now, "real": hand.real}
    match todo.what:
        case What.TAKE if one.alert_id is not None:
            alerting.accept(conn, hand.person, one.alert_id, **times)
        case What.TAKE:
            service.accept(conn, hand.person, one.id, one.held.version, **times)
        case What.REFUSE if one.alert_id is not None:
            alerting.dismiss(conn, hand.person, one.alert_id, todo.reason, **times)
        case What.REFUSE:
            service.give_back(conn, hand.person, one.id, todo.reason, one.held.version, **times)
        case What.CALL | What.ADVANCE:
            _talk(conn, hand, one, todo)
            _go_on(conn, hand, one, todo, pipeline)
        case What.WIN:
            _talk(conn, hand, one, todo)
            service.win(conn, hand.person, one.id, one.held.version, value=todo.value, **times)
        case What.LOSE:
            _talk(conn, hand, one, todo)
            service.lose(conn, hand.person, one.id, todo.reason, one.held.version, **times)


def _talk(conn: Connection, hand: Hand, one: Case, todo: Deed) -> None:
    if todo.outcome is not None:
        desk.log_call(conn, hand, one.lead, todo.outcome.value, todo.note)
    elif todo.note:
        desk.note(conn, hand, one.lead, todo.note)


def _go_on(conn: Connection, hand: Hand, one: Case, todo: Deed, pipeline: Pipeline) -> None:
    """The next stage where there is one to reach, the value where one was named, and what comes next."""
    version, times = one.held.version, {"now": hand.now, "real": hand.real}
    if todo.what is What.ADVANCE:
        stage = pipeline.stages[min(one.held.stage + 1, one.held.last)].key
        version = service.move(conn, hand.person, one.id, stage, version, pipeline, **times).version
    if todo.value is not None:
        version = service.set_value(conn, hand.person, one.id, todo.value, version, **times).version
    at = hand.now + todo.again
    service.set_next_step(conn, hand.person, one.id, todo.step, at, version, **times)
