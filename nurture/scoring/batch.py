"""Counting what happened to many leads at once, one activity of each: lines, sums, temperatures.

It uses the database, in the caller's write transaction, where the leads are held; in a fixed number of statements but
for the lines in the timeline of those whose temperature changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many, record_many
from nurture.kernel.database import insert_new
from nurture.kernel.reasons import Reason
from nurture.scoring import store
from nurture.scoring.ledger import after_lines, told, within_limit
from nurture.scoring.matching import met
from nurture.scoring.model import Change, Happened, ScoringRule, ScoringRules, Standing
from nurture.scoring.store import Kept
from nurture.scoring.tables import score_entries

_NEW = (
    "lead_id", "axis", "rule", "cause", "sequence", "points", "reverses", "reason", "detail", "actor", "at",
    "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counted:
    """The rules that count an activity now, each with the number of its line; and those that a limit keeps from it."""

    happened: Happened
    by: list[tuple[ScoringRule, int]] = field(default_factory=list)
    limited: list[ScoringRule] = field(default_factory=list)


def score_each(
    conn: Connection,
    batch: Sequence[Happened],
    rules: ScoringRules,
    before: Mapping[int, Standing],
    *,
    now: datetime,
    real: datetime,
) -> dict[int, Change]:
    """Count these activities, each of another lead; gives the changes by activity. Counted again, nothing changes."""
    if len({one.lead_id for one in batch}) != len(batch):
        raise ValueError("one activity of a lead at a time")
    counted = _count(conn, batch, rules)
    ids = _write(conn, counted, real)
    changes: dict[int, Change] = {}
    for one in counted:
        was, lines = before[one.happened.lead_id], [rule for rule, _ in one.by]
        after = after_lines(was, [(rule.axis, rule.points) for rule in lines], rules)
        numbers = tuple(sorted(ids[was.lead_id, rule.key] for rule in lines))
        changes[one.happened.id] = Change(was, after, numbers)
    store.save_standings(conn, [one.after for one in changes.values() if one.after != one.before])
    warmed = [
        told(change.before, change.after, "score", one.cause_of_effects, now)
        for one in batch
        if (change := changes[one.id]).after.temperature is not change.before.temperature
    ]
    record_many(conn, warmed, real=real, react=False)
    _refuse(conn, counted, now)
    return changes


def _count(conn: Connection, batch: Sequence[Happened], rules: ScoringRules) -> list[_Counted]:
    meeting = [(one, list(met(rules, one))) for one in batch]
    asked = {rule.key: rule for _, counting in meeting for rule in counting}
    scored = [one for one, counting in meeting if counting]
    kept = store.kept(
        conn,
        [one.lead_id for one in scored],
        [one.cause_of_effects for one in scored],
        list(asked),
        [key for key, rule in asked.items() if rule.limit is not None],
    )
    return [_of(one, counting, kept) for one, counting in meeting]


def _of(one: Happened, counting: Sequence[ScoringRule], kept: Mapping[tuple[int, str], Sequence[Kept]]) -> _Counted:
    found = _Counted(one)
    for rule in counting:
        lines = kept.get((one.lead_id, rule.key), ())
        mine = [line for line in lines if line.cause == one.cause_of_effects]
        if any(not line.gone for line in mine):
            continue
        standing = [(line.at, line.detail) for line in lines if not line.gone]
        if rule.limit is not None and not within_limit(standing, rule.limit, one):
            found.limited.append(rule)
        else:
            found.by.append((rule, len(mine) + 1))
    return found


def _write(conn: Connection, counted: Sequence[_Counted], real: datetime) -> dict[tuple[int, str], int]:
    """The new lines; gives their ids by lead and rule."""
    rows: list[tuple[Any, ...]] = []
    for one in counted:
        happened = one.happened
        detail = {"message": happened.message_id, "url": happened.url}
        rows += [
            (
                happened.lead_id, rule.axis.value, rule.key, happened.cause_of_effects, sequence, rule.points, None, "",
                detail, "engine", happened.occurred_at, real,
            )
            for rule, sequence in one.by
        ]  # fmt: skip
    new = insert_new(conn, score_entries, _NEW, rows, ("id", "lead_id", "rule"))
    return {(lead_id, rule): number for number, lead_id, rule in new}


def _refuse(conn: Connection, counted: Sequence[_Counted], now: datetime) -> None:
    decide_many(
        conn,
        [
            Decision(
                Decided.SCORE, f"{one.happened.cause_of_effects}/{rule.key}", "no", Reason.RULE_LIMIT, now,
                one.happened.lead_id, one.happened.cause_of_effects, {"rule": rule.key},
            )
            for one in counted
            for rule in one.limited
        ],
    )  # fmt: skip
