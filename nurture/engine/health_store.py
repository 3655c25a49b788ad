"""What is measured of a running installation: queries that read a few rows by an index, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities, reactions
from nurture.broadcasts.model import HELD, BroadcastState
from nurture.broadcasts.tables import broadcasts
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.delivery.state import PAUSED
from nurture.delivery.tables import routes, senders
from nurture.engine.invariants import Invariant, Process, Sum
from nurture.engine.presence import QUIET, Figures
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel import partitions
from nurture.kernel.database import Instant
from nurture.kernel.reasons import Reason
from nurture.kernel.tables import installation, leases, processes, pulses
from nurture.leads.tables import leads
from nurture.messages.model import MessageState, Purposes
from nurture.messages.tables import messages
from nurture.outbound.tables import outbox
from nurture.scoring.model import Axis
from nurture.scoring.tables import score_entries
from nurture.tracking.tables import hits

CLOCK = "clock"  # the lease of whoever ticks,
CLOCK_SPAN = timedelta(seconds=10)  # and how long it is given each time
PRIORITIES = range(1, 10)
MOST_COUNTED = 10_000  # rows of one kind; beyond that it is said to be so many at least
_LOOKED_AT = 500  # waiting rows of each priority, the earliest first
_SUMMED = 100_000  # rows of one campaign or broadcast
_SAMPLE = 200  # leads
_FEW = 20
_MINUTES = 10  # within which mail that goes has gone
WHAT = ("sent", "tried", "hits", "reactions", "steps", "failures", "ticks")
_WAITING = sa.text("messages.state IN ('queued', 'deferred')")  # as the partial indexes have it
_SENDING = sa.text("messages.state = 'sending'")
_UNKNOWN = sa.text("messages.state = 'unknown'")


@dataclass(frozen=True, slots=True)
class Times:
    """The three times at one moment, and how many engine seconds pass in a real one."""

    now: datetime  # engine
    real: datetime
    at: datetime  # the database's
    pace: float = 1.0

    def engine_lag(self, since: datetime | None) -> float:
        """Seconds of real time since an instant of engine time."""
        return _passed(self.now, since) / max(self.pace, 1e-9) if since is not None else 0.0

    def real_lag(self, since: datetime | None) -> float:
        """Seconds since an instant of real time."""
        return _passed(self.real, since)


def _passed(until: datetime, since: datetime | None) -> float:
    return max(0.0, (until - since).total_seconds()) if since is not None else 0.0


@dataclass(frozen=True, slots=True)
class Basics:
    """What one row says."""

    is_copy: bool  # nothing is sent, since this is a copy
    holder: str  # who ticks, or ticked last: host and process
    ticked: float | None  # seconds since they said so
    ticks: int  # that came to their end within the last minutes
    goes: bool  # some mail was handed over, or tried, within the last minutes
    senders: int  # sender processes heard of a moment ago
    shut: int  # mail servers by which nothing goes


def basics(conn: Connection, at: datetime, keys: Sequence[str]) -> Basics:
    """What holds for the whole installation; `keys` are its mail servers."""
    lately = pulses.c.minute > at - timedelta(minutes=_MINUTES)
    ended = pulses.c.minute > at - timedelta(minutes=4)
    alive = senders.c.ended_at.is_(None), senders.c.seen_at > at - QUIET
    lease = leases.c.name == CLOCK
    shut = routes.c.state == PAUSED, routes.c.key.in_(keys)
    total = sa.func.coalesce(sa.func.sum(pulses.c.amount), 0.0)
    row = conn.execute(
        sa.select(
            sa.select(installation.c.stopped_sending).scalar_subquery().label("stopped"),
            sa.select(leases.c.holder).where(lease).scalar_subquery().label("holder"),
            sa.select(leases.c.until).where(lease).scalar_subquery().label("until"),
            sa.select(total).where(pulses.c.what == "ticks", ended).scalar_subquery().label("ticks"),
            sa.select(total).where(pulses.c.what == "tried", lately).scalar_subquery().label("tried"),
            sa.select(sa.func.count()).select_from(senders).where(*alive).scalar_subquery().label("senders"),
            sa.select(sa.func.count()).select_from(routes).where(*shut).scalar_subquery().label("shut"),
        )
    ).one()
    ticked = None if row.until is None else _passed(at, row.until - CLOCK_SPAN)
    holder = (row.holder or "").rpartition(":")[0]
    return Basics(row.stopped is not None, holder, ticked, int(row.ticks), row.tried > 0, row.senders, row.shut)


def living(conn: Connection, at: datetime) -> list[Process]:
    """Processes that were heard of a moment ago."""
    p = processes.c
    query = sa.select(processes).where(p.seen_at > at - QUIET, p.ended_at.is_(None)).order_by(p.host, p.pid).limit(500)
    return [
        Process(
            row.id, row.host, row.pid, frozenset(row.roles.split()), _passed(at, row.seen_at),
            Figures.read(row.figures), _passed(at, row.started_at), row.version,
        )
        for row in conn.execute(query)
    ]  # fmt: skip


# -- what waits --


def lags(conn: Connection, times: Times) -> dict[Invariant, float]:
    """How long the oldest waits that is due, by kind, in seconds; kinds of which nothing is due are missing."""
    mail, urgent = _mail(conn, times)
    row = conn.execute(_OLDEST, {"now": times.now, "real": times.real}).one()
    found = {
        Invariant.MAIL: mail,
        Invariant.ALERTS: urgent,
        Invariant.HITS: times.real_lag(row.hit),
        Invariant.REACTIONS: times.real_lag(row.reaction),
        Invariant.CALLS: max(times.engine_lag(row.planned), times.real_lag(row.again)),
    }
    return {kind: round(seconds, 1) for kind, seconds in found.items() if seconds}


_NOW, _REAL = (sa.bindparam(name, type_=Instant) for name in ("now", "real"))


def _oldest() -> sa.Select[Any]:
    """The oldest hit, reaction and call that waits, in one row."""
    hit = sa.select(hits.c.at).where(sa.text("hits.verdict IS NULL")).order_by(hits.c.id).limit(1)
    r = reactions.c
    may = sa.or_(r.not_before.is_(None), r.not_before <= _REAL), r.error.is_(None)
    first = sa.select(r.activity_id).where(*may).order_by(r.id).limit(1).scalar_subquery()
    o = outbox.c
    calls = (
        sa.select(o.not_before, o.retry_at)
        .where(sa.text("outbox.state = 'queued'"), o.not_before <= _NOW)
        .order_by(o.not_before)
        .limit(_LOOKED_AT)
        .subquery("calls")
    )
    c = calls.c
    may_go = sa.or_(c.retry_at.is_(None), c.retry_at <= _REAL)
    planned = sa.case((sa.and_(c.retry_at.is_(None), may_go), c.not_before))
    return sa.select(
        hit.scalar_subquery().label("hit"),
        sa.select(activities.c.recorded_at).where(activities.c.id == first).scalar_subquery().label("reaction"),
        sa.select(sa.func.min(planned, type_=Instant)).scalar_subquery().label("planned"),
        sa.select(sa.func.min(c.retry_at, type_=Instant)).where(may_go).scalar_subquery().label("again"),
    )


_OLDEST = _oldest()


def _due_mail() -> sa.Select[Any]:
    """Of each priority the earliest that may go, in two kinds: urgent, and the rest."""
    m = messages.c
    held = sa.select(broadcasts.c.id).where(broadcasts.c.state.in_([state.value for state in HELD]))
    resting = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.PAUSED.value)
    parts = []
    for priority in PRIORITIES:
        first = (
            sa.select(m.purpose, m.not_before, m.retry_at, m.reason, m.broadcast_id, m.campaign_id, m.step)
            .where(_WAITING, m.priority == priority, m.not_before <= _NOW)
            .order_by(m.not_before)
            .limit(_LOOKED_AT)
            .subquery(f"p{priority}")
        )
        f = first.c
        parts.append(
            sa.select(
                f.purpose.in_((Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)).label("many"),
                sa.case((f.retry_at.is_(None), f.not_before)).label("planned"),
                f.retry_at,
            )
            .where(sa.or_(f.retry_at.is_(None), f.retry_at <= _REAL), f.reason != Reason.HELD_LATE.value)
            .where(sa.or_(f.campaign_id.is_(None), f.campaign_id.not_in(resting)))
            .where(sa.or_(f.broadcast_id.is_(None), sa.and_(f.broadcast_id.not_in(held), f.step.is_not(None))))
        )
    every = sa.union_all(*parts).subquery("every")
    planned = sa.func.min(every.c.planned, type_=Instant).label("planned")
    again = sa.func.min(every.c.retry_at, type_=Instant).label("again")
    return sa.select(every.c.many, planned, again).group_by(every.c.many)


_DUE_MAIL = _due_mail()


def _mail(conn: Connection, times: Times) -> tuple[float, float]:
    """Of all mail, and of what is neither a campaign's nor a broadcast's."""
    rows = conn.execute(_DUE_MAIL, {"now": times.now, "real": times.real}).all()
    found = {bool(row.many): max(times.engine_lag(row.planned), times.real_lag(row.again)) for row in rows}
    return max(found.values(), default=0.0), found.get(False, 0.0)


def late_steps(conn: Connection, times: Times) -> dict[str, float]:
    """Of campaigns that run, by key: how long a step is due, the longest first."""
    e = enrollments.c
    due = sa.select(sa.func.min(e.due_at, type_=Instant)).where(
        sa.text("enrollments.state = 'active' AND enrollments.waits_for IS NULL"), e.campaign_id == campaigns.c.id
    )
    each = (
        sa.select(campaigns.c.key, due.scalar_subquery().label("due"))
        .where(campaigns.c.state == CampaignState.LIVE.value)
        .subquery()
    )
    late = sa.select(each).where(each.c.due < times.now).order_by(each.c.due).limit(_FEW)
    return {row.key: round(times.engine_lag(row.due), 1) for row in conn.execute(late)}


def half_written(conn: Connection, times: Times) -> dict[str, float]:
    """Broadcasts whose audience is not written to its end, and for how long."""
    b = broadcasts.c
    query = (
        sa.select(b.name, b.started_at)
        .where(b.state == BroadcastState.SENDING.value, b.started_at.is_not(None), b.written_at.is_(None))
        .limit(_FEW)
    )
    return {row.name: round(times.engine_lag(row.started_at), 1) for row in conn.execute(query)}


def orphans(conn: Connection, times: Times) -> tuple[int, float]:
    """Rows in the hands of a process that is gone: how many (of the first thousand), and for how many seconds."""
    m, alive = messages.c, sa.select(senders.c.id).where(
        senders.c.ended_at.is_(None), senders.c.seen_at > times.at - QUIET
    )  # fmt: skip
    lost_mail = sa.select(m.lease_until).where(_SENDING, m.lease_until < times.at, m.lease_holder.not_in(alive))
    begun = sa.text("outbox.state = 'sending'"), outbox.c.lease_until < times.at
    lost_calls = sa.select(outbox.c.lease_until).where(*begun).order_by(outbox.c.lease_until)
    lost_mail = lost_mail.order_by(m.lease_holder)  # as their indexes have them
    count, since = 0, times.at
    for query in (lost_mail, lost_calls):
        found = query.limit(1000).subquery()
        row = conn.execute(
            sa.select(sa.func.count().label("count"), sa.func.min(found.c.lease_until, type_=Instant).label("since"))
        ).one()
        count, since = count + int(row[0]), min(since, row.since or since)
    return count, _passed(times.at, since)


def months_missing(conn: Connection, now: datetime) -> list[str]:
    """Months from this one to the next that have no part of their own in a table that is cut by month."""
    return [
        f"{table.name} {month:%Y-%m}"
        for table in (activities, hits)
        for month in partitions.missing(conn, table, now, 1)
    ]


# -- what adds up --


def running(conn: Connection) -> list[tuple[str, int, str]]:
    """Campaigns and broadcasts that run: kind, id, what they are called."""
    lists = (
        ("campaign", campaigns, campaigns.c.key, [CampaignState.LIVE.value, CampaignState.PAUSED.value]),
        ("broadcast", broadcasts, broadcasts.c.name, [BroadcastState.SENDING.value, BroadcastState.PAUSED.value]),
    )
    return [
        (kind, row.id, row.name)
        for kind, table, name, states in lists
        for row in conn.execute(
            sa.select(table.c.id, name.label("name")).where(table.c.state.in_(states)).order_by(table.c.id)
        )
    ]


def sum_of(conn: Connection, kind: str, number: int, name: str) -> Sum:
    """The rows of one, and how many of them are in a state that can be: known, and with its reason where it is a no."""
    m = messages.c
    mails = _states(m.broadcast_id if kind == "broadcast" else m.campaign_id, number, m.state, m.reason)
    rows, good = conn.execute(_good(mails, [state.value for state in MessageState])).one()
    if kind == "campaign":
        e = enrollments.c
        there = _states(e.campaign_id, number, e.state, sa.literal("-").label("reason"))
        more, fine = conn.execute(_good(there, [state.value for state in EnrollmentState])).one()
        rows, good = rows + more, good + fine
    return Sum(name, rows, good)


def _states(owner: sa.ColumnElement[Any], number: int, *wanted: sa.ColumnElement[Any]) -> sa.Subquery:
    return sa.select(*wanted).where(owner == number).limit(_SUMMED).subquery()


def _good(found: sa.Subquery, states: Sequence[str]) -> sa.Select[int, int]:
    unsaid = sa.and_(found.c.state == MessageState.SKIPPED.value, found.c.reason == "")
    is_good = sa.and_(found.c.state.in_(states), sa.not_(unsaid))
    return sa.select(sa.func.count(), sa.func.count(sa.case((is_good, 1)))).select_from(found)


def wrong_scores(conn: Connection, after: int) -> tuple[int, int]:
    """Of the next leads by id: how many have a score that is not the sum of its lines, and the last one looked at."""
    part = (
        sa.select(leads.c.id, leads.c.engagement, leads.c.fit)
        .where(leads.c.id > after, leads.c.merged_into.is_(None))
        .order_by(leads.c.id)
        .limit(_SAMPLE)
        .subquery("part")
    )

    def total(axis: Axis) -> sa.ScalarSelect[Any]:
        own = score_entries.c.lead_id == part.c.id, score_entries.c.axis == axis.value
        return sa.select(sa.func.coalesce(sa.func.sum(score_entries.c.points), 0)).where(*own).scalar_subquery()

    differs = sa.or_(part.c.engagement != total(Axis.ENGAGEMENT), part.c.fit != total(Axis.FIT))
    query = sa.select(sa.func.count(sa.case((differs, 1))), sa.func.coalesce(sa.func.max(part.c.id), 0))
    count, last = conn.execute(query.select_from(part)).one()
    return int(count), int(last)


# -- figures --


def rates(conn: Connection, since: datetime) -> dict[str, dict[datetime, float]]:
    """What was counted in each minute from an instant on."""
    found: dict[str, dict[datetime, float]] = {}
    for row in conn.execute(sa.select(pulses).where(pulses.c.minute >= since).order_by(pulses.c.minute)):
        found.setdefault(row.what, {})[row.minute] = row.amount
    return found


def standing(conn: Connection) -> Mapping[tuple[str, str], int]:
    """How many rows stand in a state that passes, by kind and state; of each at most `MOST_COUNTED` are counted."""
    return {(row.kind, row.state): row.number for row in conn.execute(_STANDING)}


def _standing() -> sa.CompoundSelect[Any]:
    """In the order of their partial indexes: SQLite would read another index from its beginning to its end."""
    m, o = messages.c, outbox.c
    failing = sa.case((reactions.c.error.is_not(None), "failing"), else_="waiting")
    lists: tuple[tuple[str, sa.ColumnElement[Any], Any, Sequence[sa.ColumnElement[Any]]], ...] = (
        ("message", m.state, _WAITING, (m.priority, m.not_before, m.id)),
        ("message", m.state, _SENDING, (m.lease_holder,)),
        ("message", m.state, _UNKNOWN, (m.id,)),
        ("call", o.state, sa.text("outbox.state = 'queued'"), (o.not_before, o.id)),
        ("call", o.state, sa.text("outbox.state = 'sending'"), (o.lease_until,)),
        ("hit", sa.literal("unjudged"), sa.text("hits.verdict IS NULL"), (hits.c.id,)),
        ("reaction", failing, sa.true(), (reactions.c.id,)),
    )
    tables = {"message": messages, "call": outbox, "hit": hits, "reaction": reactions}
    parts = []
    for kind, state, where, order in lists:
        rows = sa.select(state.label("state")).select_from(tables[kind]).where(where).order_by(*order)
        part = rows.limit(MOST_COUNTED).subquery()
        number = sa.func.count().label("number")
        parts.append(sa.select(sa.literal(kind).label("kind"), part.c.state, number).group_by(part.c.state))
    return sa.union_all(*parts)


_STANDING = _standing()


def clear(conn: Connection, at: datetime) -> None:
    """Forget pulses and processes of yesterday and before."""
    conn.execute(pulses.delete().where(pulses.c.minute < at - timedelta(days=1)))
    conn.execute(processes.delete().where(processes.c.seen_at < at - timedelta(days=1)))
