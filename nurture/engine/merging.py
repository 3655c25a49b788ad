"""Merging a lead into another: looked at, and done in one transaction across all stages (queries).

What the loser did and got is the winner's from then on. What waits to go to the loser is taken back. Of two enrollments
in one campaign the loser's ends; one that only the loser has goes on with the winner from where it stands, unless the
campaign would not let the winner in again: nobody walks through it twice for having been two. What of it was in the
queue is not written once more.

Held in this order, so that nobody waits in a ring: the leads by their ids, the campaigns that run, mail that has not
gone, enrollments.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.activities.tables import activities, decisions, reactions
from nurture.alerts.tables import alerts
from nurture.campaigns.effects import Leave
from nurture.campaigns.model import Again, Campaign, CampaignState
from nurture.campaigns.store import lock_all
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.consents import merging as words
from nurture.consents.model import Channel, Standing
from nurture.consents.tables import askings, data_requests
from nurture.engine import revisions
from nurture.engine.leave import take_each_out
from nurture.enrollments import store as enrolled
from nurture.enrollments.entry import refusal
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.inbound.tables import returns
from nurture.kernel.database import among
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import KeyRing
from nurture.leads import desk, store, uniting
from nurture.leads.desk import Hand
from nurture.leads.merge import Union, unite
from nurture.leads.model import Lead
from nurture.messages.model import MessageState
from nurture.messages.service import WAITING, set_state
from nurture.messages.tables import messages
from nurture.opportunities.model import OpportunityState
from nurture.opportunities.tables import opportunities
from nurture.outbound.model import CallKind, CallState
from nurture.outbound.tables import outbox
from nurture.rules.facts import Facts
from nurture.scoring import merging as scores
from nurture.scoring import published
from nurture.scoring.model import ScoringRules
from nurture.scoring.model import Standing as Score
from nurture.segments import store as segments
from nurture.segments.tables import memberships
from nurture.tasks import service as tasks
from nurture.tasks.model import TaskState
from nurture.tasks.tables import tasks as task_table
from nurture.users import service as staff
from nurture.users.model import may_edit_lead, may_see_lead

# Rows that go along as they are. Tags, pairs, conflicts, consents, scores, tasks have functions of their own.
_FOLLOW = (activities, reactions, decisions, outbox, alerts, returns, data_requests, askings)
_TRIES = 5
_ACTIVE = enrollments.c.state == EnrollmentState.ACTIVE.value
_QUEUED_TEXT = sa.and_(outbox.c.kind == CallKind.SMS.value, outbox.c.state == CallState.QUEUED.value)


@dataclass(frozen=True, slots=True)
class Way:
    """An enrollment under way of the loser, and whether it goes on with the winner."""

    id: int
    campaign: str
    name: Mapping[str, str]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Open:
    """What the loser has in hand: what is taken back, and what goes along."""

    mails: int = 0  # taken back
    texts: int = 0  # taken back
    deals: int = 0
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Merging:
    """What a merge comes to. `already`: there is nothing to do any more."""

    winner: Lead
    loser: Lead
    union: Union
    ways: tuple[Way, ...] = ()
    email: Standing | None = None  # how the winner stands afterwards
    sms: Standing | None = None
    open: Open = Open()
    already: bool = False


def look(
    conn: Connection, keys: KeyRing, loser: Lead, winner: Lead, take: Collection[str] = (), *, now: datetime,
    facts: Facts | None = None,
) -> Merging:  # fmt: skip
    """What merging them would come to. Reads only. InputError or ConflictError where it cannot be."""
    if _check(loser, winner):
        return Merging(winner, loser, unite(winner, loser), already=True)
    union = unite(winner, loser, take)
    email, phone = union.value("email"), union.value("phone")
    return Merging(
        winner, loser, union, _ways(conn, loser.id, winner.id, now, facts),
        words.standing_as_one(conn, keys, winner, loser, email, Channel.EMAIL),
        words.standing_as_one(conn, keys, winner, loser, phone, Channel.SMS), _open(conn, loser.id),
    )  # fmt: skip


def by_hand(
    conn: Connection, keys: KeyRing, hand: Hand, loser: str, winner: str, take: Collection[str] = (), *,
    facts: Facts | None = None,
) -> Merging:  # fmt: skip
    """A member of staff merges one lead into another, by their public ids. Both must be theirs to change."""
    going, staying = (_take(conn, hand, one).id for one in (loser, winner))
    return merge(
        conn, keys, going, staying, take, now=hand.now, real=hand.real, actor=hand.person.actor, facts=facts
    )  # fmt: skip


def _take(conn: Connection, hand: Hand, public_id: str) -> Lead:
    """The lead as it is stored, for somebody who may change it."""
    lead = store.stored(conn, public_id)
    if lead is None or not may_see_lead(hand.person, lead.owner_id):
        raise NotFoundError(N_("There is no such lead"))
    if not may_edit_lead(hand.person, lead.owner_id):
        raise ForbiddenError(N_("You may look at leads, not change them"))
    return lead


def merge(
    conn: Connection, keys: KeyRing, loser_id: int, winner_id: int, take: Collection[str] = (), *, now: datetime,
    real: datetime, actor: str, facts: Facts | None = None,
) -> Merging:  # fmt: skip
    """Merge, in the caller's write transaction; gives what it came to. Done again it changes nothing.

    NotFoundError, InputError or ConflictError where it cannot be.
    """
    if loser_id == winner_id:
        raise _itself()
    uniting.hold_all(conn, [loser_id, winner_id])
    both = store.by_ids(conn, [loser_id, winner_id])
    if len(both) < 2:
        raise NotFoundError(N_("There is no such lead"))
    loser, winner = both[loser_id], both[winner_id]
    _lock_campaigns(conn)
    _lock_mail(conn, loser_id)
    found = look(conn, keys, loser, winner, take, now=now, facts=facts)
    if found.already:
        return found
    _take_back(conn, found, now, real)
    _sell(conn, loser, winner)
    _score(conn, loser, winner, now, real, actor, facts)
    email, phone = found.union.value("email"), found.union.value("phone")
    words.take_over(conn, keys, winner, loser, email=email, phone=phone, actor=actor, now=now, real=real)
    _repoint(conn, loser, winner, now)
    tasks.take_over(conn, loser.id, winner.id)
    uniting.write(conn, winner, loser, found.union, now)
    _tell(conn, found, now, real, actor)
    return found


def _check(loser: Lead, winner: Lead) -> bool:
    """Whether it is done already; an error where it cannot be."""
    if loser.id == winner.id:
        raise _itself()
    if loser.merged_into is not None:
        if loser.merged_into in {winner.id, winner.merged_into}:
            return True
        raise ConflictError(N_("This lead was merged into another one before"))
    if winner.merged_into is not None:
        raise ConflictError(N_("The lead to merge into was itself merged into another one"))
    return False


def _itself() -> InputError:
    return InputError([Problem("itself", N_("A lead cannot be merged into itself"), path="winner")])


# what is under way


def _ways(
    conn: Connection, loser_id: int, winner_id: int, now: datetime, facts: Facts | None
) -> tuple[Way, ...]:  # fmt: skip
    """The loser's enrollments under way. The campaign's present rule about coming again is asked."""
    query = (
        sa.select(enrollments.c.id, enrollments.c.campaign_id, campaigns.c.key, campaigns.c.name,
                  campaign_revisions.c.definition)
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .outerjoin(campaign_revisions, campaign_revisions.c.id == campaigns.c.revision_id)
        .where(enrollments.c.lead_id == loser_id, _ACTIVE)
        .order_by(enrollments.c.id)
    )  # fmt: skip
    rows = conn.execute(query).all()
    if not rows:
        return ()
    past = enrolled.past_of(conn, winner_id)
    known = facts or segments.facts(conn)
    return tuple(
        Way(row.id, row.key, row.name,
            refusal(_again(row.definition, known), past.get(row.campaign_id, ()), now) is None)
        for row in rows
    )  # fmt: skip


def _again(definition: Mapping[str, Any] | None, facts: Facts) -> Any:
    campaign = revisions.campaign(definition, facts) if definition else None
    return campaign.entry.again if isinstance(campaign, Campaign) else Again.NEVER


def _open(conn: Connection, loser_id: int) -> Open:
    waiting = messages.c.state.in_([one.value for one in WAITING])
    asked: tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...] = (
        (messages, waiting),
        (outbox, _QUEUED_TEXT),
        (opportunities, opportunities.c.state == OpportunityState.OPEN.value),
        (task_table, task_table.c.state == TaskState.OPEN.value),
    )
    columns = [
        sa.select(sa.func.count()).select_from(table).where(table.c.lead_id == loser_id, which).scalar_subquery()
        for table, which in asked
    ]
    return Open(*map(int, conn.execute(sa.select(*columns)).one()))


def _lock_campaigns(conn: Connection) -> None:
    """Nobody comes into a campaign meanwhile: neither of the two may, once it is seen where they are."""
    running = campaigns.c.state.in_([CampaignState.LIVE.value, CampaignState.PAUSED.value])
    found = list(conn.execute(sa.select(campaigns.c.key).where(running)).scalars())
    if found:
        lock_all(conn, found)


def _lock_mail(conn: Connection, loser_id: int) -> None:
    """Mail of the loser that has not gone: whoever settles one holds it before its enrollment."""
    if conn.dialect.name != "sqlite":
        open_ = messages.c.state.in_([one.value for one in (*WAITING, MessageState.SENDING)])
        query = sa.select(messages.c.id).where(messages.c.lead_id == loser_id, open_).order_by(messages.c.id)
        conn.execute(query.with_for_update(key_share=True))


def _take_back(conn: Connection, found: Merging, now: datetime, real: datetime) -> None:
    """What ends, and what waits to go to the loser."""
    ending = {one.id: Leave(Reason.MERGED) for one in found.ways if not one.goes_on}
    if ending:
        take_each_out(conn, ending, now=now, real=real)
    mine = messages.c.lead_id == found.loser.id
    waiting = sa.select(messages.c.id).where(mine, messages.c.state.in_([one.value for one in WAITING]))
    set_state(conn, conn.execute(waiting).scalars(), MessageState.CANCELED, now=now, reason=Reason.MERGED)
    texts = outbox.update().where(outbox.c.lead_id == found.loser.id, _QUEUED_TEXT)
    conn.execute(
        texts.values(state=CallState.CANCELED.value, reason=Reason.MERGED.value, ended_at=now, retry_at=None)
    )  # fmt: skip


# what goes along


def _sell(conn: Connection, loser: Lead, winner: Lead) -> None:
    """Every opportunity. Of two automatic ones that may be open only once the loser's is a person's from now on."""
    o, other = opportunities.c, opportunities.alias("other")
    twice = sa.exists().where(
        other.c.lead_id == winner.id, other.c.pipeline == o.pipeline, other.c.product_line == o.product_line,
        other.c.state == OpportunityState.OPEN.value, other.c.automatic,
    )  # fmt: skip
    mine = o.lead_id == loser.id
    open_ = (o.state == OpportunityState.OPEN.value, o.automatic)
    conn.execute(opportunities.update().where(mine, *open_, twice).values(automatic=False))
    conn.execute(opportunities.update().where(mine).values(lead_id=winner.id))


def _score(
    conn: Connection, loser: Lead, winner: Lead, now: datetime, real: datetime, actor: str, facts: Facts | None
) -> None:
    rules = published.live(conn, facts or segments.facts(conn)) or ScoringRules("")
    both = [Score(one.id, one.engagement, one.fit, one.temperature) for one in (winner, loser)]
    scores.take_over(conn, both[0], both[1], rules, actor=actor, now=now, real=real)


def _repoint(conn: Connection, loser: Lead, winner: Lead, now: datetime) -> None:
    for table in _FOLLOW:
        conn.execute(table.update().where(table.c.lead_id == loser.id).values(lead_id=winner.id))
    # what a tick is just deciding for the loser is void
    stirred = {"lead_id": winner.id, "stirred": enrollments.c.stirred + 1}
    conn.execute(enrollments.update().where(enrollments.c.lead_id == loser.id).values(stirred))
    _patiently(conn, lambda: _memberships(conn, loser, winner, now))
    _mail(conn, loser, winner)


def _mail(conn: Connection, loser: Lead, winner: Lead) -> None:
    """Every message but two kinds, whose clicks count for the winner all the same: the loser's of a one-time email that
    both got, which each lead has once; and one that somebody begins to settle at this very moment."""
    m = messages.c
    got = sa.select(m.broadcast_id).where(m.lead_id == winner.id, m.broadcast_id.is_not(None))
    once = sa.or_(m.broadcast_id.is_(None), m.broadcast_id.not_in(got))
    query = sa.select(m.id).where(m.lead_id == loser.id, once)
    free = query if conn.dialect.name == "sqlite" else query.with_for_update(key_share=True, skip_locked=True)
    ids = list(conn.execute(free).scalars())
    conn.execute(messages.update().where(among(m.id, ids)).values(lead_id=winner.id))


def _patiently(conn: Connection, act: Callable[[], None]) -> None:
    """Do it again where a segment that looks at all leads, and holds none, let one of the two in meanwhile."""
    for _ in range(_TRIES):
        try:
            with conn.begin_nested():
                act()
        except IntegrityError:
            continue
        return
    act()


def _memberships(conn: Connection, loser: Lead, winner: Lead, now: datetime) -> None:
    """Nobody is in a segment twice. Segments with a rule look at the winner anew by themselves."""
    m = memberships.c
    inside = sa.select(m.segment_id).where(m.lead_id == winner.id, m.left_at.is_(None))
    twice = memberships.update().where(m.lead_id == loser.id, m.left_at.is_(None), m.segment_id.in_(inside))
    conn.execute(twice.values(left_at=now, left_cause=f"merge:{loser.public_id}"))
    conn.execute(memberships.update().where(m.lead_id == loser.id).values(lead_id=winner.id))


def _tell(conn: Connection, found: Merging, now: datetime, real: datetime, actor: str) -> None:
    """A line in the winner's timeline, to which everything reacts as to a change of any fact; and the audit.

    It is no sign of life of the lead.
    """
    loser, winner = found.loser, found.winner
    name = loser.name or loser.email or loser.phone or ""
    detail = {"lead": loser.public_id, "name": name, "fields": found.union.changed}
    cause = f"merge:{loser.public_id}"
    record_set(conn, [Activity(winner.id, Kind.MERGED, now, actor, cause, detail=detail)], real=real)
    told = {
        "lead": loser.public_id, "taken": list(found.union.taken), "mails": found.open.mails,
        "texts": found.open.texts, "left": _keys(found.ways, goes_on=False), "went_on": _keys(found.ways, goes_on=True),
    }  # fmt: skip
    staff.note(conn, actor=actor, action="lead.merge", subject=f"lead:{winner.public_id}", at=real, detail=told)


def _keys(ways: Sequence[Way], *, goes_on: bool) -> list[str]:
    return [one.campaign for one in ways if one.goes_on is goes_on]


# pairs that are two


def keep_apart(conn: Connection, hand: Hand, one: str, other: str) -> None:
    """A member of staff says that these leads, by their public ids, are two: the pair is not shown any more."""
    first, second = _take(conn, hand, one), _take(conn, hand, other)
    if first.id == second.id:
        raise InputError([Problem("itself", N_("A lead is not two"), path="other")])
    uniting.tell_apart(conn, first.id, second.id, actor=hand.person.actor, at=hand.now)
    _note(conn, hand, "lead.keep_apart", first, second)


def let_together(conn: Connection, hand: Hand, one: str, other: str) -> None:
    """They may be one after all: the pair is shown again."""
    first, second = _take(conn, hand, one), _take(conn, hand, other)
    if uniting.take_back(conn, first.id, second.id):
        _note(conn, hand, "lead.let_together", first, second)


def _note(conn: Connection, hand: Hand, action: str, first: Lead, second: Lead) -> None:
    desk.audit(conn, hand, first, action, {"lead": second.public_id})
