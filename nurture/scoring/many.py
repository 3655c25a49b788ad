"""Points that campaigns give, to many leads at once: lines of the ledger, sums, temperatures, lines in the timeline.

It uses the database, in the caller's write transaction, where the leads are held; in a fixed number of statements.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.database import update_rows, upsert
from nurture.kernel.text import in_language
from nurture.leads.tables import leads
from nurture.scoring import store
from nurture.scoring.model import BY_CAMPAIGN, Axis, ScoringRules, Standing
from nurture.scoring.tables import score_entries
from nurture.scoring.temperature import band

ACTOR = "engine"


@dataclass(frozen=True, slots=True)
class Gift:
    """Points for one lead, counted once for their cause."""

    lead_id: int
    axis: Axis
    points: int
    reason: Mapping[str, str]  # by language
    cause: str
    campaign: str


def give(
    conn: Connection, gifts: Sequence[Gift], rules: ScoringRules, language: str, *, now: datetime, real: datetime
) -> None:
    """Count them; those counted already are passed over. `language` is that of the words kept with the line."""
    if not gifts:
        return
    by_cause = {(one.lead_id, one.cause): one for one in gifts}
    insert = upsert(conn.dialect.name, score_entries).on_conflict_do_nothing()
    entry = score_entries.c
    rows = [_row(one, language, now, real) for one in by_cause.values()]
    written = conn.execute(insert.returning(entry.lead_id, entry.cause), rows).all()
    counted = [by_cause[row.lead_id, row.cause] for row in written]
    before = store.standings(conn, [one.lead_id for one in counted])
    after = _after(before, counted, rules)
    changed = [(one.lead_id, one.engagement, one.fit, one.temperature.value) for one in after]
    update_rows(conn, leads, ["engagement", "fit", "temperature"], changed)
    last = {one.lead_id: one for one in counted}
    lines = [_line(one, Kind.SCORED, now, _told(one)) for one in counted]
    for one in after:
        was, is_ = before[one.lead_id].temperature, one.temperature
        if was is not is_:
            said = {"before": was.value, "after": is_.value, "reason": "score", "engagement": one.engagement}
            lines.append(_line(last[one.lead_id], Kind.TEMPERATURE_CHANGED, now, said))
    record_set(conn, lines, real=real)


def _row(one: Gift, language: str, now: datetime, real: datetime) -> dict[str, Any]:
    return {
        "lead_id": one.lead_id, "axis": one.axis.value, "rule": BY_CAMPAIGN, "cause": one.cause, "sequence": 1,
        "points": one.points, "reverses": None, "reason": in_language(one.reason, language, ""),
        "detail": {"campaign": one.campaign, "reason": dict(one.reason)}, "actor": ACTOR, "at": now,
        "recorded_at": real,
    }  # fmt: skip


def _after(before: Mapping[int, Standing], counted: Sequence[Gift], rules: ScoringRules) -> list[Standing]:
    """Sums and temperature of each lead with what was counted."""
    sums: dict[tuple[int, Axis], int] = defaultdict(int)
    for one in counted:
        sums[one.lead_id, one.axis] += one.points
    found = []
    for lead_id, was in before.items():
        engagement = was.engagement + sums[lead_id, Axis.ENGAGEMENT]
        fit = was.fit + sums[lead_id, Axis.FIT]
        found.append(Standing(lead_id, engagement, fit, band(engagement, was.temperature, rules.thresholds)))
    return found


def _told(one: Gift) -> Mapping[str, Any]:
    return {"axis": one.axis.value, "points": one.points, "reason": dict(one.reason)}


def _line(one: Gift, kind: Kind, now: datetime, detail: Mapping[str, Any]) -> Activity:
    return Activity(one.lead_id, kind, now, ACTOR, one.cause, campaign_key=one.campaign, detail=detail)
