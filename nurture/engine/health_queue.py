"""How the queue of many machines stands: chunks that wait, and those whose worker is gone (queries; PostgreSQL)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.engine.health_store import MOST_COUNTED
from nurture.engine.presence import QUIET

_HAS_QUEUE = sa.text("SELECT to_regclass('procrastinate.procrastinate_workers')")
_LOST = sa.text("""
SELECT count(*) AS number, min(started.at) AS since
FROM (
    SELECT j.id
    FROM procrastinate.procrastinate_jobs j
    LEFT JOIN procrastinate.procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < :before)
    LIMIT 1000
) lost
CROSS JOIN LATERAL (SELECT max(e.at) AS at FROM procrastinate.procrastinate_events e WHERE e.job_id = lost.id) started
""")
_WAITING = sa.text("""
SELECT status, count(*) AS number
FROM (
    SELECT CAST(status AS text) AS status FROM procrastinate.procrastinate_jobs
    WHERE status IN ('todo', 'doing') LIMIT :most
) few
GROUP BY status
""")


def lost(conn: Connection, at: datetime) -> tuple[int, float]:
    """Chunks whose worker is gone (of the first thousand), and for how many seconds; none where there is no queue."""
    if not _is_there(conn):
        return 0, 0.0
    row = conn.execute(_LOST, {"before": at - QUIET}).one()
    return int(row.number), max(0.0, (at - row.since).total_seconds()) if row.since is not None else 0.0


def waiting(conn: Connection) -> dict[tuple[str, str], int]:
    """How many chunks wait or are worked on."""
    if not _is_there(conn):
        return {}
    return {("chunk", row.status): row.number for row in conn.execute(_WAITING, {"most": MOST_COUNTED})}


def _is_there(conn: Connection) -> bool:
    return conn.dialect.name != "sqlite" and conn.execute(_HAS_QUEUE).scalar() is not None
