"""Many rows written at once keep the types of their columns, on both databases."""

from datetime import timedelta

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.database import update_rows
from nurture.messages.tables import messages
from tests.faults.ground import fill


def test_rows_changed_at_once_are_as_if_changed_one_by_one(context: Context) -> None:
    """Instants, documents, texts, numbers and nothing; other rows and columns stay."""
    fill(context, 3)
    now = context.clock.engine()
    names = ("state", "values_", "gone_at", "attempts", "lease_holder")
    rows = [
        (1, "sending", {"lead": {"name": "Nguyễn"}}, now, 2, "s1"),
        (2, "sent", {}, now + timedelta(microseconds=1), 0, None),
    ]
    with context.database.write() as conn:
        update_rows(conn, messages, names, rows)
        update_rows(conn, messages, names, [])
        columns = [messages.c.id, *(messages.c[name] for name in names)]
        found = [tuple(row) for row in conn.execute(sa.select(*columns).order_by(messages.c.id))]
        queued = conn.execute(sa.select(messages.c.class_).where(messages.c.state == "queued")).scalars().all()
    assert found[:2] == rows
    assert found[2] == (3, "queued", None, None, 0, None)
    assert queued == ["advertising"]
