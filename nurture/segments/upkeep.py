"""Keeps the memberships of all segments (reads and writes): a long look first, then short writes.

A segment evaluated for the first time gets `evaluated_at` with its last leads, so that whoever asks who was in it from
the start compares `joined_at` with it.
"""

from datetime import datetime

from nurture.kernel.database import Database
from nurture.leads.store import hold
from nurture.rules.facts import Facts
from nurture.segments import service, store
from nurture.segments.model import Counts

BATCH = 1000


def keep(database: Database, now: datetime, real: datetime, facts: Facts) -> list[Counts]:
    """Bring all memberships up to `now`; gives the segments that changed. Opens its own transactions.

    A segment that names another follows it within the same call.
    """
    with database.read() as conn:
        order = service.order(conn, facts)
    return [counts for key in order if (counts := _keep_one(database, key, now, real, facts)) is not None]


def _keep_one(database: Database, key: str, now: datetime, real: datetime, facts: Facts) -> Counts | None:
    with database.read() as conn:
        ids = service.differences(conn, now, facts, [key]).get(key, [])
        segment = store.get(conn, key)
    joined = left = 0
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        with database.write() as conn:
            hold(conn, batch)
            for counts in service.refresh(conn, now, real, facts, [key], batch):
                joined, left = joined + counts.joined, left + counts.left
    if segment is not None and segment.evaluated_at is None:
        with database.write() as conn:
            service.note_evaluated(conn, key, now, real)
    return Counts(key, joined, left) if joined or left else None
