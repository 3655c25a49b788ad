"""The lines of the ledger: writes them, keeps the lead's sums and temperature in step. It uses the database.

The steps of `service`; nobody else calls them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record
from nurture.kernel.errors import NotFoundError
from nurture.kernel.reasons import Reason
from nurture.leads.model import Temperature
from nurture.scoring import store
from nurture.scoring.matching import meets
from nurture.scoring.model import (
    DECAY,
    REVERSAL,
    Axis,
    Change,
    Happened,
    Limit,
    Per,
    ScoringRule,
    ScoringRules,
    Standing,
)  # fmt: skip
from nurture.scoring.store import Entry
from nurture.scoring.temperature import band

FACT = {"fact": True}  # how a line for a fact about the lead is told from one for an activity


def held(conn: Connection, lead_id: int) -> Standing:
    found = store.standing(conn, lead_id, lock=True)
    if found is None:
        raise NotFoundError(f"There is no lead {lead_id}")
    return found


def count(conn: Connection, rule: ScoringRule, happened: Happened, now: datetime, real: datetime) -> Entry | None:
    cause = happened.cause_of_effects
    if any(entry.rule == rule.key for entry in store.caused_by(conn, happened.lead_id, cause)):
        return None
    detail = {"message": happened.message_id, "url": happened.url}
    if rule.limit is not None and not _is_within(conn, rule, rule.limit, happened):
        params = {"rule": rule.key}
        subject = f"{cause}/{rule.key}"
        no = Decision(Decided.SCORE, subject, "no", Reason.RULE_LIMIT, now, happened.lead_id, cause, params)
        decide_many(conn, [no])
        return None
    return write(
        conn, happened.lead_id, rule.axis, rule.key, rule.points, cause, happened.occurred_at, real, detail=detail
    )


def _is_within(conn: Connection, rule: ScoringRule, limit: Limit, happened: Happened) -> bool:
    since = happened.occurred_at - limit.span if limit.span is not None else None
    lines = store.counted(conn, happened.lead_id, rule.key, since)
    return within_limit([(entry.at, entry.detail) for entry in lines], limit, happened)


def within_limit(lines: Iterable[tuple[datetime, Mapping[str, Any]]], limit: Limit, happened: Happened) -> bool:
    """Whether a rule may count an activity beside its standing lines, given by instant and detail."""
    since = happened.occurred_at - limit.span if limit.span is not None else None
    counted = [at for at, detail in lines if (since is None or at > since) and _same(detail, limit, happened)]
    return len(counted) < limit.times


def _same(detail: Mapping[str, Any], limit: Limit, happened: Happened) -> bool:
    if limit.per is Per.LEAD:
        return True
    if detail.get("message") != happened.message_id:
        return False
    return limit.per is Per.MESSAGE or detail.get("url") == happened.url


def write(
    conn: Connection,
    lead_id: int,
    axis: Axis,
    rule: str,
    points: int,
    cause: str,
    at: datetime,
    real: datetime,
    *,
    actor: str = "engine",
    reason: str = "",
    reverses: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    values = {
        "lead_id": lead_id, "axis": axis.value, "rule": rule, "cause": cause, "points": points, "reverses": reverses,
        "reason": reason, "detail": dict(detail or {}), "actor": actor, "at": at, "recorded_at": real,
    }  # fmt: skip
    new = store.add(conn, values)
    return Entry(new, lead_id, axis, rule, cause, points, reverses, reason, dict(detail or {}), actor, at)


def reverse(conn: Connection, entry: Entry, reason: str, now: datetime, real: datetime) -> Entry:
    return write(
        conn, entry.lead_id, entry.axis, REVERSAL, -entry.points, f"entry:{entry.id}", now, real,
        reason=reason, reverses=entry.id, detail={"rule": entry.rule, "cause": entry.cause},
    )  # fmt: skip


def fact_gone(row: Any, now: datetime, real: datetime) -> dict[str, Any]:
    """The line that takes back the line of a fact that no longer holds, as a row for many."""
    return {
        "lead_id": row.lead_id, "axis": Axis.FIT.value, "rule": REVERSAL, "cause": f"entry:{row.id}", "sequence": 1,
        "points": -row.points, "reverses": row.id, "reason": Reason.FACT_GONE.value,
        "detail": {"rule": row.rule, "cause": row.cause}, "actor": "engine", "at": now, "recorded_at": real,
    }  # fmt: skip


def settle(
    conn: Connection,
    before: Standing,
    lines: Sequence[Entry],
    rules: ScoringRules,
    reason: str,
    cause: str,
    now: datetime,
    real: datetime,
    *,
    temperature: Temperature | None = None,
    actor: str = "engine",
    note: str = "",
    react: bool = False,
) -> Change:
    """Add the lines to the cached sums and move the temperature; nothing is written when nothing changed."""
    after = after_lines(before, [(line.axis, line.points) for line in lines], rules, temperature)
    if after != before:
        store.save_standings(conn, [after])
    if after.temperature is not before.temperature:
        record(conn, told(before, after, reason, cause, now, actor=actor, note=note), real=real, react=react)
    return Change(before, after, tuple(line.id for line in lines))


def after_lines(
    before: Standing, lines: Sequence[tuple[Axis, int]], rules: ScoringRules, temperature: Temperature | None = None
) -> Standing:
    """The sums with these points, and the temperature they lead to, unless one is given."""
    engagement = before.engagement + sum(points for axis, points in lines if axis is Axis.ENGAGEMENT)
    fit = before.fit + sum(points for axis, points in lines if axis is Axis.FIT)
    warmth = temperature or band(engagement, before.temperature, rules.thresholds)
    return Standing(before.lead_id, engagement, fit, warmth)


def told(
    before: Standing, after: Standing, reason: str, cause: str, now: datetime, *, actor: str = "engine", note: str = ""
) -> Activity:
    """The line in the timeline that the temperature changed."""
    detail = {
        "before": before.temperature.value, "after": after.temperature.value, "reason": reason,
        "engagement": after.engagement, **({"note": note} if note else {}),
    }  # fmt: skip
    return Activity(before.lead_id, Kind.TEMPERATURE_CHANGED, now, actor, cause, detail=detail)


def recount(conn: Connection, rules: ScoringRules, entry: Entry, now: datetime, real: datetime) -> list[Entry]:
    rule = rules.by_key(entry.rule)
    if rule is None or rule.on is None or rule.limit is None:
        return []
    later = store.activities_of(conn, entry.lead_id, rule.on.kind, entry.at)
    found = (count(conn, rule, one, now, real) for one in later if meets(rule.on, one))
    return [line for line in found if line is not None]


def undecay(conn: Connection, before: Standing, lines: Sequence[Entry], now: datetime, real: datetime) -> list[Entry]:
    missing = -(before.engagement + sum(line.points for line in lines if line.axis is Axis.ENGAGEMENT))
    found: list[Entry] = []
    for entry in reversed(store.by_rules(conn, before.lead_id, [DECAY], Axis.ENGAGEMENT)):
        if missing <= 0:
            break
        found.append(reverse(conn, entry, Reason.VERDICT_CHANGED.value, now, real))
        missing += entry.points
    return found


def standing_lines(conn: Connection, lead_id: int) -> list[Entry]:
    every = store.entries(conn, lead_id)
    gone = {entry.reverses for entry in every if entry.reverses is not None}
    return [e for e in every if e.axis is Axis.ENGAGEMENT and e.reverses is None and e.id not in gone]
