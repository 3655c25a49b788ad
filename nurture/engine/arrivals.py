"""Who comes into campaigns by what has just happened to them, and who goes again because it was a machine (queries).

In the transaction of the reaction: the activities of a batch, the temperatures and scores they led to. Each is a cause
that takes a lead into a campaign once, however often this runs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Decision, decide_many
from nurture.activities.tables import activities
from nurture.campaigns import entries
from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import Campaign, CampaignState, Entrance
from nurture.campaigns.signals import Level, Signal
from nurture.campaigns.store import Stored
from nurture.campaigns.tables import campaigns
from nurture.engine import revisions
from nurture.engine.leave import take_out
from nurture.enrollments import candidates, service
from nurture.enrollments.arriving import Found, begun_at
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.errors import ConflictError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.rules.facts import Facts, View
from nurture.scoring.model import Axis, Happened
from nurture.scoring.tables import score_entries
from nurture.segments.view import view

_RUNNING = (CampaignState.LIVE, CampaignState.PAUSED)
# Scoring writes changes of temperature without a reaction of their own: they are found with what led to them.
_LATELY = timedelta(days=1)
_NOT_GONE = (MessageState.QUEUED, MessageState.DEFERRED, MessageState.SKIPPED, MessageState.CANCELED)


@dataclass(frozen=True, slots=True)
class _Door:
    """A campaign that leads may come into by what happens."""

    stored: Stored
    campaign: Campaign
    entrances: tuple[Entrance, ...]


def arrive(
    conn: Connection, happened: Sequence[Happened], facts: Facts, *, now: datetime, real: datetime, language: str
) -> int:
    """Take in whom these activities bring, and let go whom a withdrawn one had brought; gives how many came in."""
    _let_go([one for one in happened if one.withdrawn_at is not None], conn, now, real)
    fresh = [one for one in happened if one.withdrawn_at is None]
    doors = list(_doors(conn, facts)) if fresh else []
    if not doors:
        return 0
    signals = _signals(
        conn, fresh, {kind for one in doors for way in one.entrances for kind in entries.hears(way)}, now
    )
    views = _views(conn, doors, signals, facts)
    reading = service.Reading(facts, language)
    ids = sorted({one.lead_id for one in fresh})
    count = 0
    for door in doors:
        pairs = list(_asking(conn, door, signals, views, ids, facts, now))
        if not pairs:
            continue
        found = Found(tuple(service.ask_all(conn, pairs)))
        entered = service.take_in(conn, door.stored, door.campaign, found, reading, now=now, real=real)
        if entered is None and _runs(conn, door.stored.key):
            raise ConflictError(N_("The campaign was changed meanwhile"))
        count += sum(one.enrollment_id is not None for one in entered or ())
    return count


def _doors(conn: Connection, facts: Facts) -> Iterator[_Door]:
    """In the order of their keys, so that two who take leads in never wait for each other in a circle."""
    running = [one for one in campaign_store.bare(conn, _RUNNING) if one.revision_id is not None]
    ready = revisions.load(conn, [one.revision_id for one in running if one.revision_id is not None], facts)
    for stored in running:
        found = ready[stored.revision_id].campaign if stored.revision_id is not None else None
        ways = tuple(one for one in found.entry.entrances if entries.hears(one) or entries.level(one)) if found else ()
        if found is not None and ways:
            yield _Door(stored, found, ways)


def _runs(conn: Connection, key: str) -> bool:
    stored = campaign_store.get(conn, key)
    return stored is not None and stored.state in _RUNNING


def _signals(conn: Connection, happened: Sequence[Happened], kinds: Collection[Kind], now: datetime) -> list[Signal]:
    """What happened that anybody waits for, the earliest first."""
    found = [
        Signal(one.lead_id, one.kind, one.occurred_at, one.cause_of_effects, one.detail)
        for one in happened
        if one.kind in kinds and one.kind is not Kind.TEMPERATURE_CHANGED
    ]
    if Kind.TEMPERATURE_CHANGED in kinds:
        found += _temperatures(conn, {one.lead_id for one in happened}, now)
    return sorted(found, key=lambda one: one.at)


def _temperatures(conn: Connection, lead_ids: Collection[int], now: datetime) -> Iterator[Signal]:
    """Changes of temperature; one that an activity led to goes back to that activity."""
    a = activities.c
    query = sa.select(a.id, a.lead_id, a.occurred_at, a.cause, a.detail).where(
        a.lead_id.in_(sorted(lead_ids)),
        a.kind == Kind.TEMPERATURE_CHANGED.value,
        a.occurred_at > now - _LATELY,
        a.withdrawn_at.is_(None),
    )
    for row in conn.execute(query.order_by(a.id)):
        cause = row.cause if row.cause.startswith("activity:") else f"activity:{row.id}"
        yield Signal(row.lead_id, Kind.TEMPERATURE_CHANGED, row.occurred_at, cause, row.detail or {})


def _views(conn: Connection, doors: Sequence[_Door], signals: Sequence[Signal], facts: Facts) -> Mapping[int, View]:
    """What conditions of entrances see of the leads that may meet them."""
    asking = [
        (way, one.lead_id)
        for door in doors
        for way in door.entrances
        if entries.is_conditional(way)
        for one in signals
        if entries.asks(way, one)
    ]
    rules = {way.id: rule for way, _ in asking if (rule := entries.condition(way)) is not None}
    return view(conn, [lead_id for _, lead_id in asking], facts, rules.values()) if rules else {}


def _asking(
    conn: Connection,
    door: _Door,
    signals: Sequence[Signal],
    views: Mapping[int, View],
    lead_ids: Sequence[int],
    facts: Facts,
    now: datetime,
) -> Iterator[tuple[int, str]]:
    """Leads with the causes for which they ask into this campaign; what happened before it was open is passed over."""
    kept = candidates.marks(conn, door.stored.id)
    for way in door.entrances:
        since = begun_at(door.stored, kept, way, now) if way.id in kept or not kept else None
        level = entries.level(way)
        bringing = [_Cause(one.lead_id, one.at, one.cause) for one in signals if _brings(way, one, views, facts)]
        for cause in bringing if level is None else _crossings(conn, level, lead_ids):
            if since is None or cause.at > since:
                yield cause.lead_id, cause.name


def _brings(way: Entrance, one: Signal, views: Mapping[int, View], facts: Facts) -> bool:
    if not entries.asks(way, one):
        return False
    return entries.completes(way, one, views.get(one.lead_id, View(one.lead_id)), facts)


@dataclass(frozen=True, slots=True)
class _Cause:
    """What brings a lead, and when that was."""

    lead_id: int
    at: datetime
    name: str


def _crossings(conn: Connection, level: Level, lead_ids: Sequence[int]) -> list[_Cause]:
    """The lines of the ledger by which these leads last reached the level from below, if they are still there.

    Lines count in the order in which they were written, so that a late one does not make another crossing.
    """
    e = score_entries.c
    axes = [level.axis] if level.axis in set(Axis) else [one.value for one in Axis]
    total = sum((leads.c[axis] for axis in axes[1:]), leads.c[axes[0]])
    above = sa.select(leads.c.id).where(leads.c.id.in_(lead_ids), total >= level.points, leads.c.merged_into.is_(None))
    running = sa.func.sum(e.points).over(partition_by=e.lead_id, order_by=e.id, rows=(None, 0))
    lines = sa.select(e.id, e.lead_id, e.points, e.cause, e.at, running.label("after"))
    part = lines.where(e.lead_id.in_(above), e.axis.in_(axes)).subquery()
    reached = sa.and_(part.c.after >= level.points, part.c.after - part.c.points < level.points)
    last: dict[int, _Cause] = {}
    for row in conn.execute(sa.select(part).where(reached).order_by(part.c.id)):
        name = row.cause if row.cause.startswith("activity:") else f"score:{row.id}"
        last[row.lead_id] = _Cause(row.lead_id, row.at, name)
    return list(last.values())


def _let_go(withdrawn: Iterable[Happened], conn: Connection, now: datetime, real: datetime) -> None:
    """Whom a machine's activity had brought leaves if nothing was sent; else it is kept in mind that they stayed."""
    causes = {(one.lead_id, one.cause_of_effects) for one in withdrawn}
    if not causes:
        return
    sent = sa.exists().where(
        messages.c.enrollment_id == enrollments.c.id, messages.c.state.not_in([one.value for one in _NOT_GONE])
    )
    query = (
        sa.select(enrollments.c.id, enrollments.c.lead_id, enrollments.c.cause, campaigns.c.key, sent.label("sent"))
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .where(enrollments.c.lead_id.in_({lead_id for lead_id, _ in causes}))
        .where(enrollments.c.cause.in_({cause for _, cause in causes}))
        .where(enrollments.c.state == EnrollmentState.ACTIVE.value)
    )
    brought = [row for row in conn.execute(query) if (row.lead_id, row.cause) in causes]
    leaving = [row.id for row in brought if not row.sent]
    if leaving:
        take_out(conn, leaving, now=now, real=real, reason=Reason.VERDICT_CHANGED)
    kept = [
        Decision(Decided.ENROLL, f"campaign:{row.key}", "kept", Reason.VERDICT_CHANGED, now, row.lead_id, row.cause)
        for row in brought
        if row.sent
    ]
    decide_many(conn, kept)
