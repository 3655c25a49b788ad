"""Sweeps over all leads in parts of a few thousand, each part in its own transaction: decay by day, facts by rules.

It uses the database. How far a sweep has come commits with its lines, so that it is stopped and goes on at any point.
"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.database import upsert
from nurture.leads.model import Temperature
from nurture.leads.tables import leads
from nurture.rules.facts import Facts
from nurture.rules.sql import to_sql
from nurture.scoring import store
from nurture.scoring.ledger import FACT, fact_gone
from nurture.scoring.model import DECAY, REVERSAL, Axis, Decay, ScoringRule, ScoringRules
from nurture.scoring.tables import score_entries, score_sweeps
from nurture.scoring.temperature import band

PART = 2000
e = score_entries.c
_LONGEST_CATCH_UP = 366
_MORE: sa.BindParameter[int] = sa.bindparam("more")
_LOSE = leads.update().where(leads.c.id == sa.bindparam("mine")).values(engagement=leads.c.engagement + _MORE)


def decay_sweep(
    conn: Connection, rules: ScoringRules, *, now: datetime, real: datetime, zone: ZoneInfo, part: int = PART
) -> int:
    """One part of the decay of the earliest day not yet done; gives how many leads were looked at, 0 when all is done.

    The first sweep ever only notes the day. Lines are dated to the local midnight with which the day begins.
    """
    day = _day_due(conn, now, zone)
    if day is None:
        return 0
    key = f"{DECAY}:{day.isoformat()}"
    ids = _next_part(conn, key, now, part)
    if ids and rules.decay is not None:
        at = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        _decay_part(conn, rules, rules.decay, key, ids, at, now, real)
    _advance(conn, key, ids, part, now)
    return max(1, len(ids))


def sweep_due(conn: Connection, rules: ScoringRules, now: datetime, zone: ZoneInfo) -> bool:
    """Whether `decay_sweep` or `rate_sweep` has anything to do. Only looks."""
    today = f"{DECAY}:{now.astimezone(zone).date().isoformat()}"
    wanted = [today, _rate_key(rules)]
    return bool(conn.execute(_DONE, {"keys": wanted}).scalar_one() < len(wanted))


_DONE = sa.select(sa.func.count()).where(
    score_sweeps.c.key.in_(sa.bindparam("keys", expanding=True)), score_sweeps.c.done_at.is_not(None)
)


def _rate_key(rules: ScoringRules) -> str:
    return f"rate:{rules.hash[:16]}"


def _day_due(conn: Connection, now: datetime, zone: ZoneInfo) -> date | None:
    today = now.astimezone(zone).date()
    newest = store.newest_sweep(conn, DECAY)
    if newest is None:
        _begin(conn, f"{DECAY}:{today.isoformat()}", now, done=True)
        return None
    day = date.fromisoformat(newest.partition(":")[2])
    row = store.sweep_of(conn, newest)
    if row is not None and row["done_at"] is None:
        return day
    if day >= today:
        return None
    return max(day + timedelta(days=1), today - timedelta(days=_LONGEST_CATCH_UP))


def _begin(conn: Connection, key: str, now: datetime, *, done: bool = False) -> None:
    values = {"key": key, "upto": 0, "started_at": now, "done_at": now if done else None}
    conn.execute(upsert(conn.dialect.name, score_sweeps).values(values).on_conflict_do_nothing(index_elements=["key"]))


def _next_part(conn: Connection, key: str, now: datetime, part: int) -> list[int]:
    """The next leads of a sweep; they and its row are held until the transaction ends."""
    _begin(conn, key, now)
    row = store.sweep_of(conn, key)
    upto = row["upto"] if row is not None else 0
    query = sa.select(leads.c.id).where(leads.c.id > upto, leads.c.merged_into.is_(None))
    return list(conn.execute(query.order_by(leads.c.id).limit(part).with_for_update(key_share=True)).scalars())


def _advance(conn: Connection, key: str, ids: Sequence[int], part: int, now: datetime) -> None:
    change: dict[str, object] = {"upto": ids[-1]} if ids else {}
    if len(ids) < part:
        change["done_at"] = now
    conn.execute(score_sweeps.update().where(score_sweeps.c.key == key).values(**change))


def _decay_part(
    conn: Connection,
    rules: ScoringRules,
    decay: Decay,
    cause: str,
    ids: Sequence[int],
    at: datetime,
    now: datetime,
    real: datetime,
) -> None:
    among = leads.c.id.between(ids[0], ids[-1])
    due = sa.select(
        leads.c.id,
        *(sa.literal(value) for value in (Axis.ENGAGEMENT.value, DECAY, cause)),
        -_loss(decay),
        sa.literal({}, score_entries.c.detail.type),
        sa.literal("engine"),
        sa.literal(at, score_entries.c.at.type),
        sa.literal(real, score_entries.c.recorded_at.type),
    ).where(among, leads.c.engagement > 0, leads.c.merged_into.is_(None), store.quiet_since(at - decay.quiet))
    columns = ["lead_id", "axis", "rule", "cause", "points", "detail", "actor", "at", "recorded_at"]
    lines = score_entries.insert().from_select(columns, due, include_defaults=False).returning(e.lead_id, e.points)
    lost = [{"mine": row.lead_id, "more": row.points} for row in conn.execute(lines).all()]
    if lost:
        conn.execute(_LOSE, sorted(lost, key=itemgetter("mine")))
    _cool(conn, rules, ids, cause, now, real)


def _loss(decay: Decay) -> sa.ColumnElement[int]:
    """What a day takes of an engagement above nothing, never more than there is."""
    if decay.points is not None:
        return sa.case((leads.c.engagement < decay.points, leads.c.engagement), else_=decay.points)
    # in whole ten-thousandths, rounded half up: the same on both databases
    share = round((1 - math.pow(2, -1 / (decay.half_life or 30.0))) * 10_000)
    lost = (leads.c.engagement * share + 5_000) // 10_000
    return sa.case((lost < 1, 1), else_=lost)


def _cool(conn: Connection, rules: ScoringRules, ids: Sequence[int], cause: str, now: datetime, real: datetime) -> None:
    """Temperatures that no longer fit the engagement."""
    warm, hot = rules.thresholds.warm, rules.thresholds.hot
    t, engagement = leads.c.temperature, leads.c.engagement
    fallen = sa.or_(
        sa.and_(t == Temperature.HOT.value, engagement < hot.under),
        sa.and_(t == Temperature.WARM.value, engagement < warm.under),
    )
    query = sa.select(leads.c.id, t, engagement).where(leads.c.id.between(ids[0], ids[-1]), fallen)
    changes = []
    for lead_id, before, points in conn.execute(query).all():
        after = band(points, Temperature(before), rules.thresholds)
        conn.execute(leads.update().where(leads.c.id == lead_id).values(temperature=after.value))
        detail = {"before": before, "after": after.value, "reason": DECAY, "engagement": points}
        changes.append(Activity(lead_id, Kind.TEMPERATURE_CHANGED, now, "engine", cause, detail=detail))
    record_set(conn, changes, real=real)


def rate_sweep(conn: Connection, rules: ScoringRules, *, now: datetime, real: datetime, part: int = PART) -> int:
    """One part of rating all leads by the facts of these rules; gives how many were looked at, 0 when all is done.

    Each published text is swept once. Facts that change later are rated with the activity that changes them.
    """
    cause = _rate_key(rules)
    row = store.sweep_of(conn, cause)
    if row is not None and row["done_at"] is not None:
        return 0
    ids = _next_part(conn, cause, now, part)
    if ids and rules.facts is not None:
        asked = [rule for rule in rules.rules if rule.when is not None]
        _drop_facts(conn, asked, ids, now, real)
        for rule in asked:
            _rate_part(conn, rule, rules.facts, cause, ids, now, real)
        _resum(conn, ids)
    _advance(conn, cause, ids, part, now)
    return max(1, len(ids))


def _rate_part(
    conn: Connection, rule: ScoringRule, facts: Facts, cause: str, ids: Sequence[int], now: datetime, real: datetime
) -> None:
    """Lines for those on whom a fact holds and who have none; reversals for those on whom it no longer does."""
    if rule.when is None:
        return
    among = sa.and_(leads.c.id.between(ids[0], ids[-1]), leads.c.merged_into.is_(None))
    holds = leads.c.id.in_(to_sql(rule.when, now, facts).where(facts.living.id.between(ids[0], ids[-1])))
    has_line = sa.exists().where(e.lead_id == leads.c.id, e.rule == rule.key, ~store.TAKEN_BACK)
    fresh = list(conn.execute(sa.select(leads.c.id).where(among, holds, ~has_line)).scalars())
    used = _uses(conn, rule.key, cause, ids)
    lines = [
        {
            "lead_id": lead_id, "axis": rule.axis.value, "rule": rule.key, "cause": cause, "points": rule.points,
            "sequence": used.get(lead_id, 0) + 1, "detail": FACT, "actor": "engine", "at": now, "recorded_at": real,
        }
        for lead_id in fresh
    ]  # fmt: skip
    if lines:
        conn.execute(score_entries.insert(), lines)
    gone = _standing(ids).where(e.rule == rule.key, e.lead_id.in_(sa.select(leads.c.id).where(among, ~holds)))
    _take_back(conn, conn.execute(gone).all(), now, real)


def _standing(ids: Sequence[int]) -> sa.Select[Any]:
    return sa.select(e.id, e.lead_id, e.points, e.cause, e.rule, e.detail).where(
        e.lead_id.between(ids[0], ids[-1]), e.axis == Axis.FIT.value, e.rule != REVERSAL, ~store.TAKEN_BACK
    )


def _uses(conn: Connection, rule: str, cause: str, ids: Sequence[int]) -> dict[int, int]:
    query = sa.select(e.lead_id, sa.func.count()).where(e.rule == rule, e.cause == cause)
    rows = conn.execute(query.where(e.lead_id.between(ids[0], ids[-1])).group_by(e.lead_id))
    return {row[0]: row[1] for row in rows}


def _drop_facts(
    conn: Connection, asked: Sequence[ScoringRule], ids: Sequence[int], now: datetime, real: datetime
) -> None:
    """Take back lines of facts that the rules no longer know, or that give other points now."""
    known = {(rule.key, rule.points) for rule in asked}
    rows = conn.execute(_standing(ids)).all()
    _take_back(conn, [r for r in rows if r.detail.get("fact") and (r.rule, r.points) not in known], now, real)


def _take_back(conn: Connection, rows: Sequence[sa.Row[Any]], now: datetime, real: datetime) -> None:
    if rows:
        conn.execute(score_entries.insert(), [fact_gone(row, now, real) for row in rows])


def _resum(conn: Connection, ids: Sequence[int]) -> None:
    """Set the cached fit of these leads to the sum of their lines."""
    total = sa.select(sa.func.coalesce(sa.func.sum(e.points), 0)).where(
        e.lead_id == leads.c.id, e.axis == Axis.FIT.value
    ).scalar_subquery()  # fmt: skip
    among = leads.c.id.between(ids[0], ids[-1])
    conn.execute(leads.update().where(among, leads.c.fit != total).values(fit=total))
