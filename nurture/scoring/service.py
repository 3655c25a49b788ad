"""Writing the score ledger. Sums and temperature of the lead change in the same transaction as its lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import LANGUAGES, N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.text import clean
from nurture.leads.model import Temperature
from nurture.scoring import ledger, store
from nurture.scoring.batch import score_each
from nurture.scoring.model import (
    BY_CAMPAIGN,
    BY_HAND,
    DECAY,
    REVERSAL,
    Axis,
    Change,
    Happened,
    Line,
    ScoringRules,
    Standing,
)
from nurture.scoring.temperature import middle, replay

NAMES: Mapping[str, str] = {
    DECAY: N_("Losing value with time"),
    REVERSAL: N_("Taken back"),
    BY_HAND: N_("Temperature set by hand"),
    BY_CAMPAIGN: N_("Given by a campaign"),
}


# one activity


def score_activity(
    conn: Connection,
    happened: Happened,
    rules: ScoringRules,
    *,
    now: datetime,
    real: datetime,
    before: Standing | None = None,
) -> Change:
    """Count an activity: lines, sums, temperature. The same activity counts once, however often this is called.

    `before` is given by a caller who holds the lead's row and has read it.
    """
    before = before or ledger.held(conn, happened.lead_id)
    return score_each(conn, [happened], rules, {happened.lead_id: before}, now=now, real=real)[happened.id]


def reverse_activity(
    conn: Connection, happened: Happened, rules: ScoringRules, *, now: datetime, real: datetime
) -> Change:
    """Take back what a withdrawn activity gave; the temperature is what the remaining lines lead to.

    What a limit kept from counting because of it counts now. Where decay had already eaten of the points, its newest
    lines are taken back too, so that the sum does not go below nothing.
    """
    before = ledger.held(conn, happened.lead_id)
    taken = store.caused_by(conn, happened.lead_id, happened.cause_of_effects)
    if not taken:
        return Change(before, before)
    lines = [ledger.reverse(conn, entry, Reason.VERDICT_CHANGED.value, now, real) for entry in taken]
    for entry in taken:
        lines += ledger.recount(conn, rules, entry, now, real)
    lines += ledger.undecay(conn, before, lines, now, real)
    kept = [entry.points for entry in ledger.standing_lines(conn, happened.lead_id)]
    temperature = replay(kept, rules.thresholds)
    cause = happened.cause_of_effects
    return ledger.settle(conn, before, lines, rules, "verdict_changed", cause, now, real, temperature=temperature)


# by hand, and looking


def set_temperature(
    conn: Connection,
    actor: str,
    lead_id: int,
    temperature: Temperature,
    reason: str,
    rules: ScoringRules,
    *,
    now: datetime,
    real: datetime,
) -> Change:
    """Set by hand: one line moves engagement to the middle of the band, with author and reason.

    Nothing is written when the lead has that temperature. InputError without a reason.
    """
    why = clean(reason)
    if not why:
        raise InputError([Problem("no_reason", N_("Say why: the reason stands in the lead's score"), path="reason")])
    before = ledger.held(conn, lead_id)
    if before.temperature is temperature:
        return Change(before, before)
    points = middle(temperature, rules.thresholds) - before.engagement
    line = ledger.write(conn, lead_id, Axis.ENGAGEMENT, BY_HAND, points, actor, now, real, actor=actor, reason=why)
    return ledger.settle(
        conn, before, [line], rules, BY_HAND, actor, now, real,
        temperature=temperature, actor=actor, note=why, react=True,
    )  # fmt: skip


def unfold(conn: Connection, lead_id: int, rules: ScoringRules | None, at: datetime | None = None) -> list[Line]:
    """The ledger line by line with what each came from; the last running sum of an axis is the score of that axis."""
    every = store.entries(conn, lead_id, at)
    causes = {entry.id: store.activity_of(entry.cause) for entry in every}
    seen = store.activities_by_id(conn, [one for one in causes.values() if one is not None])
    return _lines(every, rules, {entry: seen[one] for entry, one in causes.items() if one in seen})


def outline(conn: Connection, lead_id: int, rules: ScoringRules | None) -> list[Line]:
    """As `unfold`, without the activities: by one query."""
    return _lines(store.entries(conn, lead_id), rules, {})


def _lines(every: Sequence[store.Entry], rules: ScoringRules | None, causes: Mapping[int, Happened]) -> list[Line]:
    taken = {entry.reverses: entry.id for entry in every if entry.reverses is not None}
    running = dict.fromkeys(Axis, 0)
    lines = []
    for entry in every:
        running[entry.axis] += entry.points
        lines.append(
            Line(
                entry.id, entry.axis, entry.rule, _name(entry.rule, rules), entry.points, running[entry.axis], entry.at,
                entry.actor, entry.cause, entry.reason, entry.reverses, taken.get(entry.id), entry.detail,
                causes.get(entry.id),
            )
        )  # fmt: skip
    return lines


def _name(rule: str, rules: ScoringRules | None) -> Mapping[str, str]:
    if rule in NAMES:
        return {language: translate(language, NAMES[rule]) for language in LANGUAGES}
    known = rules.by_key(rule) if rules else None
    return known.name if known else dict.fromkeys(LANGUAGES, rule)
