"""Segments: apply definitions, keep memberships by rule (`hand` keeps the others), say why. Set-based.

The caller opened the transaction.

Keeping memberships over many leads goes in two moves, so that no write waits for a long look:
1. `differences`, on a connection for reading: which leads would join or leave each segment;
2. `refresh` with those keys and leads, in a write transaction: they are looked at again and settled.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.facts import moved
from nurture.kernel.database import among, insert_new, upsert
from nurture.kernel.errors import DefinitionError, Problem
from nurture.rules.evaluate import Trace, evaluate
from nurture.rules.facts import Facts
from nurture.rules.model import Did, Rule, reads
from nurture.rules.parse import parse
from nurture.rules.sql import doing, leading, to_sql
from nurture.segments import store
from nurture.segments.load import circular
from nurture.segments.model import Counts, Definition, Preview, Segment, depends_on, in_order
from nurture.segments.tables import memberships, segments
from nurture.segments.view import view
from nurture.users.service import note

CHUNK = 1000
PREVIEWED = 20
RARE = 100_000  # activities; looking for the leads of so many among others costs less than counting the others
_WIDE = ("work_mem = '256MB'", "max_parallel_workers_per_gather = 0", "jit = off")
_NOTED_EVERY = timedelta(minutes=1)
_MOST_PARSED = 500
_parsed: dict[str, tuple[Facts, Rule | DefinitionError]] = {}  # by the rule's hash, with what it was read by


def apply(
    conn: Connection, definitions: Sequence[Definition], *, now: datetime, real: datetime, actor: str
) -> list[str]:
    """Store segments by key; gives the keys that are new or changed. Those not named stay as they are.

    Each change has its line in the audit, at `real`.
    DefinitionError when a rule names no known segment, or when they name each other in a circle.
    """
    _refuse_circles(conn, definitions)
    known = {one.key: one for one in store.every(conn)}
    changed = []
    for one in definitions:
        before = known.get(one.key)
        if before is not None and (before.hash, dict(before.name)) == (one.hash, dict(one.name)):
            continue
        changed.append(one.key)
        values: dict[str, Any] = {
            "name": dict(one.name),
            "rule": one.when,
            "hash": one.hash,
            "updated_at": now,
            "archived_at": None,
        }
        if before is None or before.hash != one.hash:
            values["evaluated_at"] = None  # by this rule nobody was looked at yet
        insert = upsert(conn.dialect.name, segments).values(key=one.key, created_at=now, **values)
        conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=values))
        if one.by_hand:  # nobody is missing from it at any time
            note_evaluated(conn, one.key, now, real)
        detail = {"before": before.when if before else None, "after": one.when}
        subject = f"segment:{one.key}"
        note(conn, actor=actor, action="segment.apply", subject=subject, at=real, detail=detail)
    return changed


def _refuse_circles(conn: Connection, definitions: Sequence[Definition]) -> None:
    every = store.every(conn)
    rules, _ = _rules(every, store.facts(conn))
    rules = {key: rule for key, rule in rules.items() if key not in {one.key for one in definitions}}
    rules |= {one.key: one.rule for one in definitions if not one.by_hand}
    known = {one.key for one in every} | {one.key for one in definitions}
    for one in definitions:
        for missing in sorted(depends_on(one.rule) - known):
            parse({"segment": missing}, store.built_in().knowing(segment=known), path=f"{one.key}.when")
    _, circle = in_order(rules)
    if circle:
        raise DefinitionError([circular(circle)])


def archive(conn: Connection, key: str, *, now: datetime) -> None:
    """Put a segment away; who was in it leaves now."""
    chosen = sa.select(segments.c.id).where(segments.c.key == key).scalar_subquery()
    conn.execute(segments.update().where(segments.c.key == key).values(archived_at=now, swept_as=None))
    left = memberships.update().where(memberships.c.segment_id == chosen, memberships.c.left_at.is_(None))
    conn.execute(left.values(left_at=now))


def _rules(every: Iterable[Segment], facts: Facts) -> tuple[dict[str, Rule], dict[str, tuple[Problem, ...]]]:
    """The rules of stored segments, and the findings of those that can no longer be read (a field is gone).

    Those kept by hand have none.
    """
    rules: dict[str, Rule] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for one in every:
        if one.by_hand:
            continue
        found = _read(one, facts)
        if isinstance(found, DefinitionError):
            broken[one.key] = found.problems
        else:
            rules[one.key] = found
    return rules, broken


def _read(one: Segment, facts: Facts) -> Rule | DefinitionError:
    """Its rule, parsed once for each text as long as the same may be asked, or why it can no longer be read."""
    known = _parsed.get(one.hash)
    if known is not None and known[0] is facts:
        return known[1]
    found: Rule | DefinitionError
    try:
        found = parse(one.when, facts)
    except DefinitionError as error:
        found = error
    if len(_parsed) >= _MOST_PARSED:
        _parsed.clear()
    _parsed[one.hash] = facts, found
    return found


def rule_of(conn: Connection, key: str, facts: Facts) -> Rule | None:
    """The rule of a segment; None when there is no such segment. DefinitionError when it can no longer be read."""
    one = store.get(conn, key)
    return None if one is None else parse(one.asked, facts)


def rules_of(conn: Connection, keys: Sequence[str], facts: Facts) -> dict[str, Rule]:
    """As `rule_of` for several segments, by key; those that do not exist are left out."""
    return {one.key: parse(one.asked, facts) for one in store.by_keys(conn, keys)}


def refresh(
    conn: Connection,
    now: datetime,
    real: datetime,
    facts: Facts,
    keys: Sequence[str] | None = None,
    lead_ids: Sequence[int] | None = None,
) -> list[Counts]:
    """Bring memberships up to `now`, of all segments or of `keys`, over all leads or over `lead_ids`.

    Each segment comes after those it names. One whose rule can no longer be read keeps its members and says so.
    """
    every = {one.key: one for one in store.every(conn)}
    rules, broken = _rules(every.values(), facts)
    chosen = every.keys() if keys is None else every.keys() & set(keys)
    ordered, _ = in_order(rules)
    counts = [
        _refresh_one(conn, every[key], rules[key], now, real, facts, lead_ids) for key in ordered if key in chosen
    ]
    unread = sorted(broken.keys() & chosen)
    return counts + [Counts(key, 0, 0, "; ".join(problem.text() for problem in broken[key])) for key in unread]


def touched(
    conn: Connection, lead_ids: Sequence[int], kinds: Iterable[str], now: datetime, facts: Facts
) -> list[Counts]:
    """Look again at these leads, only in the segments whose rules read what has moved; gives those that changed.

    `kinds` are kinds of activities (`clicked`) or keys of facts (`engagement`, `tag`, a field's key).
    """
    every = {one.key: one for one in store.every(conn)}
    rules, _ = _rules(every.values(), facts)
    ordered, _ = in_order(rules)
    what = moved(kinds)
    found: list[Counts] = []
    changed: set[str] = set()
    for key in ordered:
        if what is not None and not (reads(rules[key]) & what) and not (depends_on(rules[key]) & changed):
            continue
        one = _some(conn, every[key], rules[key], now, facts, lead_ids)
        if one.joined or one.left:
            found.append(one)
            changed.add(key)
    return found


def _refresh_one(
    conn: Connection,
    segment: Segment,
    rule: Rule,
    now: datetime,
    real: datetime,
    facts: Facts,
    lead_ids: Sequence[int] | None,
) -> Counts:
    if lead_ids is not None:
        return _some(conn, segment, rule, now, facts, lead_ids)
    counts = _settle(conn, segment, to_sql(rule, now, facts), now)
    if segment.evaluated_at is None or segment.refreshed_at is None or real - segment.refreshed_at >= _NOTED_EVERY:
        note_evaluated(conn, segment.key, now, real)
    return counts


def note_evaluated(conn: Connection, key: str, now: datetime, real: datetime) -> None:
    """Keep that a segment was evaluated over all leads; `evaluated_at` only the first time by its rule."""
    first = sa.func.coalesce(segments.c.evaluated_at, sa.literal(now, segments.c.evaluated_at.type))
    conn.execute(segments.update().where(segments.c.key == key).values(evaluated_at=first, refreshed_at=real))


def readable(conn: Connection, facts: Facts) -> list[tuple[Segment, Rule]]:
    """All segments that a rule keeps and that can be evaluated, each after those it names."""
    every = {one.key: one for one in store.every(conn)}
    rules, _ = _rules(every.values(), facts)
    return [(every[key], rules[key]) for key in in_order(rules)[0]]


def note_swept(conn: Connection, swept: Mapping[int, str], until: datetime) -> None:
    """Keep up to when segments were swept, and as what: by id."""
    change = segments.update().where(segments.c.id == sa.bindparam("segment"))
    rows = [{"segment": key, "swept_as": as_, "swept_until": until} for key, as_ in sorted(swept.items())]
    if rows:
        conn.execute(change, rows)


def note_untold(conn: Connection, key: str, now: datetime) -> None:
    """Keep that a sweep moved leads of a segment at `now`, with them: whoever goes by it has to look at them still."""
    since = sa.func.coalesce(segments.c.untold_since, sa.literal(now, segments.c.untold_since.type))
    conn.execute(segments.update().where(segments.c.key == key).values(untold_since=since))


def _some(
    conn: Connection, segment: Segment, rule: Rule, now: datetime, facts: Facts, lead_ids: Sequence[int]
) -> Counts:
    joined = left = 0
    ids = sorted(set(lead_ids))
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        moves = _differing(conn, segment, to_sql(rule, now, facts, chunk), chunk)
        joined, left = (
            joined + _join(conn, segment, moves.joining, now),
            left + _leave(conn, segment, moves.leaving, now),
        )
    return Counts(segment.key, joined, left)


def _join(conn: Connection, segment: Segment, lead_ids: Sequence[int], now: datetime) -> int:
    """In the order of the leads, so that two that settle at once wait for each other and never in a circle."""
    rows = [(segment.id, one, now) for one in lead_ids]
    return len(insert_new(conn, memberships, ("segment_id", "lead_id", "joined_at"), rows, ("lead_id",)))


def _leave(conn: Connection, segment: Segment, lead_ids: Sequence[int], now: datetime) -> int:
    if not lead_ids:
        return 0
    return conn.execute(memberships.update().where(*_inside(segment, lead_ids)).values(left_at=now)).rowcount


def _inside(segment: Segment, chunk: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    inside = [memberships.c.segment_id == segment.id, memberships.c.left_at.is_(None)]
    return inside if chunk is None else [*inside, among(memberships.c.lead_id, chunk)]


def _settle(conn: Connection, segment: Segment, matching: sa.Select[int], now: datetime) -> Counts:
    """All leads: leaves by UPDATE, joins by INSERT … SELECT; two that settle at once on PostgreSQL do no harm."""
    inside = _inside(segment, None)
    gone = memberships.update().where(*inside, memberships.c.lead_id.not_in(matching)).values(left_at=now)
    left = conn.execute(gone).rowcount
    (lead_id,) = matching.selected_columns
    # in the order of the leads, as in `_join`
    fresh = matching.where(lead_id.not_in(sa.select(memberships.c.lead_id).where(*inside))).order_by(lead_id)
    rows = fresh.with_only_columns(
        sa.literal(segment.id, memberships.c.segment_id.type), lead_id, sa.literal(now, memberships.c.joined_at.type)
    )
    insert = upsert(conn.dialect.name, memberships).from_select(["segment_id", "lead_id", "joined_at"], rows)
    # of an INSERT the row count is kept only when asked for
    joined = conn.execute(insert.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}).rowcount
    return Counts(segment.key, joined, left)


def differences(
    conn: Connection,
    now: datetime,
    facts: Facts,
    keys: Sequence[str] | None = None,
    lead_ids: Collection[int] | None = None,
) -> dict[str, list[int]]:
    """For each segment that is not up to date: the leads that would join or leave it, of all or of `lead_ids`.

    Reads only. It is also the check that what was kept step by step is what the rules say.
    """
    every = {one.key: one for one in store.every(conn, keys)}
    rules, _ = _rules(every.values(), facts)
    found = {key: _difference(conn, every[key], rule, now, facts, lead_ids) for key, rule in rules.items()}
    return {key: ids for key, ids in found.items() if ids}


def _difference(
    conn: Connection, segment: Segment, rule: Rule, now: datetime, facts: Facts, lead_ids: Collection[int] | None
) -> list[int]:
    if lead_ids is None:
        widen(conn)
        matching = to_sql(rule, now, facts, led_by=_leader(conn, rule, now, facts))
        return _differing(conn, segment, matching, None).both
    ids = sorted(set(lead_ids))
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    return [one for part in chunks for one in _differing(conn, segment, to_sql(rule, now, facts, part), part).both]


@dataclass(frozen=True, slots=True)
class _Moves:
    """Who is to join and who is to leave, each by id."""

    joining: list[int]
    leaving: list[int]

    @property
    def both(self) -> list[int]:
        return sorted(self.joining + self.leaving)


def _differing(conn: Connection, segment: Segment, matching: sa.Select[int], chunk: Sequence[int] | None) -> _Moves:
    """The database compares: those who are in and stay are not read."""
    met = matching.cte("met")
    (asked,) = met.c
    inside = sa.select(memberships.c.lead_id).where(*_inside(segment, chunk))
    joining = sa.select(asked.label("id")).except_(inside).subquery()
    leaving = inside.with_only_columns(memberships.c.lead_id.label("id")).except_(sa.select(asked)).subquery()
    query = sa.union_all(
        sa.select(joining.c.id, sa.literal_column("1")), sa.select(leaving.c.id, sa.literal_column("0"))
    )
    moves = _Moves([], [])
    for lead_id, joins in conn.execute(query):
        (moves.joining if joins else moves.leaving).append(lead_id)
    moves.joining.sort()
    moves.leaving.sort()
    return moves


def _leader(conn: Connection, rule: Rule, now: datetime, facts: Facts) -> Did | None:
    """What the fewest have done of all that everybody in the segment has done; None when none of it is rare."""
    found: list[tuple[int, Did]] = []
    for one in leading(rule):
        some = doing(one, now, facts).with_only_columns(sa.literal_column("1")).limit(RARE + 1).subquery()
        found.append((conn.execute(sa.select(sa.func.count()).select_from(some)).scalar_one(), one))
    number, leader = min(found, key=lambda pair: pair[0], default=(RARE + 1, None))
    return leader if number <= RARE else None


def widen(conn: Connection) -> None:
    """For the rest of this transaction PostgreSQL compares in memory, and on one core: a rule is asked of all leads.

    With its 4 MB it would look lists of leads up by walking through them, and each helper it calls would gather those
    who did something often enough for itself.
    """
    if conn.dialect.name != "sqlite":
        for setting in _WIDE:
            conn.exec_driver_sql(f"SET LOCAL {setting}")


def doubt(conn: Connection, kinds: Iterable[str], facts: Facts) -> list[str]:
    """Facts of many leads moved and nobody was told of each: segments that read them look at all leads once more.

    Gives their keys.
    """
    what = frozenset(kinds)
    rules, _ = _rules(store.every(conn), facts)
    keys = sorted(key for key, rule in rules.items() if reads(rule) & what)
    if keys:
        conn.execute(segments.update().where(segments.c.key.in_(keys)).values(swept_as=None))
    return keys


def preview(conn: Connection, rule: Rule, now: datetime, facts: Facts | None = None) -> Preview:
    """Whom the rule would take now."""
    widen(conn)
    facts = facts or store.facts(conn)
    matching = to_sql(rule, now, facts, led_by=_leader(conn, rule, now, facts))
    (lead_id,) = matching.selected_columns
    count = conn.execute(sa.select(sa.func.count()).select_from(matching.subquery())).scalar_one()
    newest = conn.execute(matching.order_by(lead_id.desc()).limit(PREVIEWED)).scalars()
    return Preview(count, tuple(newest))


def explain(conn: Connection, rule: Rule, lead_id: int, now: datetime, facts: Facts) -> Trace | None:
    """Why the rule holds on a lead now or why not; None when the lead was merged away or never was."""
    seen = view(conn, [lead_id], facts, [rule]).get(lead_id)
    return None if seen is None else evaluate(rule, seen, now, facts)
