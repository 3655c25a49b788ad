"""Looking for what is due costs what is due, not what is under way."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from nurture.enrollments import store
from nurture.kernel.context import Context

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def test_the_look_at_what_is_due_goes_by_campaign_and_instant(context: Context) -> None:
    """Neither leads that wait for later nor those of a paused campaign are read through every second."""
    asked: list[tuple[str, Any]] = []

    def keep(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(context.database.engine, "before_cursor_execute", keep)
    with context.database.read() as conn:
        store.due(conn, NOW, 10)
        event.remove(context.database.engine, "before_cursor_execute", keep)
        if context.database.is_sqlite:
            (statement, parameters), *_ = (one for one in asked if "enrollments" in one[0])
            rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            assert "ix_enrollments_due (campaign_id=? AND due_at<?)" in " ".join(row[3] for row in rows)
