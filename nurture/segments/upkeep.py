"""Keeps the memberships of all segments as time passes (reads and writes): a look first, then short writes.

1. A segment that is new, or whose rule came to mean something else, is evaluated over all leads.
2. Any other is swept: only the leads whose answer can have changed with time alone are looked at, and those that a
   segment named by it gained or lost. One whose rule knows no time is not looked at: `service.touched` keeps it.

A segment evaluated for the first time gets `evaluated_at` with its last leads, so that whoever asks who was in it from
the start compares `joined_at` with it. Whom a sweep moved is kept as untold, in the transaction that moves them, until
campaigns have looked at them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from nurture.kernel.database import Database
from nurture.leads.store import hold
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.sweep import flipping, is_timed
from nurture.segments import service
from nurture.segments.model import Counts, Segment, depends_on, meaning

BATCH = 1000
MOST = 20_000  # leads to look at one by one; beyond that all together are cheaper
# How far a sweep looks back behind the last one: somebody else's `now` may have been earlier, and written later.
OVERLAP = timedelta(minutes=5)
LATEST = timedelta(minutes=1)  # real time for which a transaction may last that was given its `now` before


def keep(
    database: Database, now: datetime, real: datetime, facts: Facts, *, whole: bool = False, pace: float = 1.0
) -> list[Counts]:
    """Bring memberships up to `now`; gives the segments that changed. Opens its own transactions.

    With `whole` every segment is evaluated over all leads. A segment that names another follows it within the call.
    `pace`: engine seconds in a real one.
    """
    behind = max(OVERLAP, LATEST * pace)
    with database.read() as conn:
        order = service.readable(conn, facts)
    changed: dict[str, list[int]] = {}
    swept: dict[int, str] = {}
    found: list[Counts] = []
    for segment, rule in order:
        full = whole or not is_current(segment, rule, now, facts)
        with database.read() as conn:
            ids = _look(conn, segment, rule, now, facts, None if full else changed, behind)
        if ids is None:
            continue
        changed[segment.key] = ids
        counts = _settle(database, segment.key, ids, now, real, facts)
        if full:
            with database.write() as conn:
                service.note_evaluated(conn, segment.key, now, real)
        swept[segment.id] = meaning(segment, rule, facts)
        if counts.joined or counts.left:
            found.append(counts)
    if swept:
        with database.write() as conn:
            service.note_swept(conn, swept, now)
    return found


def is_quiet(conn: Connection, now: datetime, until: datetime, facts: Facts) -> bool:
    """Whether nobody's answer changes with time alone up to then, of segments that were swept up to now."""
    for segment, rule in service.readable(conn, facts):
        if not is_current(segment, rule, now, facts):
            return False
        if any(conn.execute(query.limit(1)).first() for query in flipping(rule, now, until, facts)):
            return False
    return True


def is_current(segment: Segment, rule: Rule, now: datetime, facts: Facts) -> bool:
    """Whether all leads were looked at with this rule, so that a sweep is enough."""
    until = segment.swept_until
    return until is not None and until <= now and segment.swept_as == meaning(segment, rule, facts)


def _look(
    conn: Connection,
    segment: Segment,
    rule: Rule,
    now: datetime,
    facts: Facts,
    changed: Mapping[str, list[int]] | None,
    behind: timedelta,
) -> list[int] | None:
    """The leads that are to join or leave; None for a segment that need not be looked at.

    `changed` are those that joined or left other segments; without it all leads are looked at.
    """
    ids: set[int] | None = None
    if changed is not None:
        ids = {one for key in depends_on(rule) for one in changed.get(key, ())}
        if not ids and not is_timed(rule, facts):
            return None
        since = (segment.swept_until or now) - behind
        ids |= {one for query in flipping(rule, since, now, facts) for one in conn.execute(query).scalars()}
        if not ids:
            return []
    few = ids if ids is None or len(ids) <= MOST else None
    return service.differences(conn, now, facts, [segment.key], few).get(segment.key, [])


def _settle(database: Database, key: str, ids: Collection[int], now: datetime, real: datetime, facts: Facts) -> Counts:
    joined = left = 0
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        with database.write() as conn:
            hold(conn, batch)
            for counts in service.refresh(conn, now, real, facts, [key], batch):
                joined, left = joined + counts.joined, left + counts.left
                if counts.joined or counts.left:
                    service.note_untold(conn, key, now)
    return Counts(key, joined, left)
