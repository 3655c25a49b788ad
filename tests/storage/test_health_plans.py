"""What is measured every minute, and by whoever asks for figures, never reads a whole table or index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.engine import health, health_store
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from tests.conftest import START

_LARGE = frozenset({"messages", "hits", "outbox", "enrollments", "activities", "leads", "score_entries"})
# Indexes that hold only what waits.
_PARTIAL = (
    "ix_messages_waiting", "ix_messages_sending", "ix_messages_unknown", "ix_outbox_waiting", "ix_outbox_sending",
    "ix_hits_fresh", "ix_enrollments_due",
)  # fmt: skip


@pytest.fixture
def house(sqlite_url: str, tmp_path: object) -> Iterator[Context]:
    """A house on SQLite, which says how it would look."""
    database = Database(sqlite_url)
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": sqlite_url})
    yield Context(settings, database, ManualClock(START), new_ring())
    database.close()


@contextmanager
def _statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(database.engine, "before_cursor_execute", note)


def _scans(database: Database, statement: str, parameters: Any) -> list[str]:
    """What the plan reads of a large table from its beginning, but by an index of what waits."""
    with database.read() as conn:
        plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in _LARGE]
    return [line for line in scans if not any(index in line for index in _PARTIAL)]


def test_figures_read_few_rows_by_an_index(house: Context) -> None:
    """For /metrics, for the page, and for the look of every minute."""
    with _statements(house.database) as seen:
        health.figures(house)
        with house.database.read() as conn:
            at = health.times(house, conn)
            health_store.orphans(conn, at)
            health_store.half_written(conn, at)
            health_store.sum_of(conn, "broadcast", 1, "x")
            health_store.sum_of(conn, "campaign", 1, "x")
            health_store.wrong_scores(conn, 0)
    assert len(seen) > 10
    assert _scans(house.database, "SELECT count(*) FROM messages", ())  # a canary
    assert {statement: found for statement, how in seen if (found := _scans(house.database, statement, how))} == {}
