"""Rating who leads are: lines for facts that hold, reversals of those that no longer do.

Uses the database, in a few queries for all leads together.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.leads.tables import leads
from nurture.rules.facts import View
from nurture.rules.quick import holds
from nurture.scoring.ledger import FACT, fact_gone
from nurture.scoring.model import REVERSAL, Axis, Happened, ScoringRule, ScoringRules
from nurture.scoring.store import TAKEN_BACK
from nurture.scoring.tables import score_entries

e = score_entries.c
_MINE: sa.BindParameter[int] = sa.bindparam("mine")
_MORE: sa.BindParameter[int] = sa.bindparam("more")


def rate(
    conn: Connection, rated: Sequence[tuple[Happened, View]], rules: ScoringRules, *, now: datetime, real: datetime
) -> dict[int, int]:
    """Rate leads anew, each because of one activity; gives by how much each fit changed.

    Rating again changes nothing. The leads' rows are held by the caller.
    """
    if not rated or rules.facts is None:
        return {}
    known: dict[int, list[Any]] = {}
    for row in conn.execute(_known([happened.lead_id for happened, _ in rated])):
        if row.detail.get("fact"):
            known.setdefault(row.lead_id, []).append(row)
    lines: list[dict[str, Any]] = []
    for happened, view in rated:
        asked = [rule for rule in rules.rules if rule.when is not None]
        holding = [rule for rule in asked if rule.when and holds(rule.when, view, now, rules.facts)]
        lines += _lines(happened, holding, known.get(happened.lead_id, []), now, real)
    changed: dict[int, int] = {}
    for line in lines:
        changed[line["lead_id"]] = changed.get(line["lead_id"], 0) + line["points"]
    if lines:
        conn.execute(score_entries.insert(), lines)
    sums = [{"mine": lead_id, "more": points} for lead_id, points in changed.items() if points]
    if sums:
        conn.execute(leads.update().where(leads.c.id == _MINE).values(fit=leads.c.fit + _MORE), sums)
    return changed


def _known(lead_ids: Sequence[int]) -> sa.Select[Any]:
    """All lines of facts of these leads, with whether each still stands."""
    gone = sa.case((TAKEN_BACK, 1), else_=0).label("gone")
    return sa.select(e.id, e.lead_id, e.rule, e.cause, e.points, e.detail, gone).where(
        e.lead_id.in_(list(lead_ids)), e.axis == Axis.FIT.value, e.rule != REVERSAL
    )


def _lines(
    happened: Happened, holding: Sequence[ScoringRule], known: Sequence[Any], now: datetime, real: datetime
) -> list[dict[str, Any]]:
    wanted = {(rule.key, rule.points) for rule in holding}
    standing = [row for row in known if not row.gone]
    kept = {(row.rule, row.points) for row in standing}
    cause = happened.cause_of_effects
    back = [fact_gone(row, now, real) for row in standing if (row.rule, row.points) not in wanted]
    used = [row.rule for row in known if row.cause == cause]
    fresh = [
        {
            "lead_id": happened.lead_id, "axis": Axis.FIT.value, "rule": rule.key, "cause": cause,
            "sequence": used.count(rule.key) + 1, "points": rule.points, "reverses": None, "reason": "", "detail": FACT,
            "actor": "engine", "at": now, "recorded_at": real,
        }
        for rule in holding
        if (rule.key, rule.points) not in kept
    ]  # fmt: skip
    return back + fresh
