"""The ledgers of two leads that become one (queries; in the caller's write transaction, where both are held).

Every line goes along. Lines for facts about the loser are taken back: the winner is rated by the facts that stayed.
What a limit for each lead would have kept from counting, had they been one, is taken back, too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.reasons import Reason
from nurture.leads.model import Temperature
from nurture.scoring import ledger, store
from nurture.scoring.ledger import fact_gone
from nurture.scoring.model import REVERSAL, Axis, Change, Limit, Per, ScoringRules, Standing
from nurture.scoring.store import TAKEN_BACK, Entry
from nurture.scoring.tables import score_entries
from nurture.scoring.temperature import replay

e = score_entries.c


def excess(kept: Sequence[datetime], coming: Sequence[tuple[int, datetime]], limit: Limit) -> list[int]:
    """Of lines that come to those kept, each with its key: which have no room within the limit. Pure."""
    span = limit.span or timedelta.max
    there = list(kept)
    over = []
    for key, at in sorted(coming, key=lambda one: (one[1], one[0])):
        if sum(abs(at - other) < span for other in there) >= limit.times:
            over.append(key)
        else:
            there.append(at)
    return over


def take_over(
    conn: Connection, winner: Standing, loser: Standing, rules: ScoringRules, *, actor: str, now: datetime,
    real: datetime,
) -> Change:  # fmt: skip
    """The loser's lines are the winner's; its sums and its temperature follow from all lines together."""
    _take_facts_back(conn, loser.lead_id, now, real)
    mine = set(conn.execute(sa.select(e.id).where(e.lead_id == loser.lead_id)).scalars())
    if not mine:
        return Change(winner, winner)
    _repoint(conn, loser.lead_id, winner.lead_id)
    summed = _summed(conn, winner)
    lines = _over_limits(conn, winner.lead_id, mine, rules, now, real)
    lines += ledger.undecay(conn, summed, lines, now, real)
    kept = [entry.points for entry in ledger.standing_lines(conn, winner.lead_id)]
    temperature = replay(kept, rules.thresholds) if loser.engagement else winner.temperature
    return _settle(conn, winner, summed, lines, temperature, actor, now, real)


def _take_facts_back(conn: Connection, loser: int, now: datetime, real: datetime) -> None:
    query = sa.select(e.id, e.lead_id, e.rule, e.cause, e.points, e.detail).where(
        e.lead_id == loser, e.axis == Axis.FIT.value, e.rule != REVERSAL, ~TAKEN_BACK
    )
    rows = [row for row in conn.execute(query) if row.detail.get("fact")]
    if rows:
        conn.execute(
            score_entries.insert(), [{**fact_gone(row, now, real), "reason": Reason.MERGED.value} for row in rows]
        )


def _repoint(conn: Connection, loser: int, winner: int) -> None:
    """All lines; those of a rule and cause that the winner has, too (a day's decay), are numbered after its own."""
    other = score_entries.alias("other")
    before = sa.select(sa.func.coalesce(sa.func.max(other.c.sequence), 0)).where(
        other.c.lead_id == winner, other.c.rule == e.rule, other.c.cause == e.cause
    )
    conn.execute(
        score_entries.update()
        .where(e.lead_id == loser)
        .values(lead_id=winner, sequence=e.sequence + before.scalar_subquery())
    )


def _summed(conn: Connection, winner: Standing) -> Standing:
    query = sa.select(e.axis, sa.func.sum(e.points)).where(e.lead_id == winner.lead_id).group_by(e.axis)
    sums = {Axis(axis): int(points) for axis, points in conn.execute(query)}
    return Standing(winner.lead_id, sums.get(Axis.ENGAGEMENT, 0), sums.get(Axis.FIT, 0), winner.temperature)


def _over_limits(
    conn: Connection, winner: int, mine: set[int], rules: ScoringRules, now: datetime, real: datetime
) -> list[Entry]:
    lines = []
    for rule in rules.rules:
        if rule.limit is None or rule.limit.per is not Per.LEAD:
            continue
        counted = {one.id: one for one in store.counted(conn, winner, rule.key, None)}
        kept = [one.at for key, one in counted.items() if key not in mine]
        coming = [(key, one.at) for key, one in counted.items() if key in mine]
        if kept:
            lines += [
                ledger.reverse(conn, counted[key], Reason.MERGED.value, now, real)
                for key in excess(kept, coming, rule.limit)
            ]
    return lines


def _settle(
    conn: Connection, before: Standing, summed: Standing, lines: Sequence[Entry], temperature: Temperature,
    actor: str, now: datetime, real: datetime,
) -> Change:  # fmt: skip
    """Keep the sums, and say so where the temperature is another."""
    told: dict[str, Any] = {"temperature": temperature, "actor": actor, "react": True}
    store.save_standings(conn, [summed])
    change = ledger.settle(conn, summed, lines, ScoringRules(""), "merged", actor, now, real, **told)
    return Change(before, change.after, change.lines)
