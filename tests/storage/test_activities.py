"""The timeline: append only, once for each cause, with its pending reaction."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import reactions
from nurture.kernel.context import Context
from nurture.leads.tables import leads


def _lead(context: Context) -> int:
    now = context.clock.engine()
    values = {"public_id": "a", "email": "a@example.com", "fields": {}, "created_at": now, "updated_at": now}
    with context.database.write() as conn:
        return int(conn.execute(leads.insert().values(values).returning(leads.c.id)).scalar_one())


def test_an_activity_with_the_same_cause_key_is_written_once(context: Context) -> None:
    """The second is refused silently and leaves no reaction."""
    lead = _lead(context)
    now = context.clock.engine()
    activity = Activity(lead, Kind.CLICKED, now, "lead", "hit:1", cause_key="hit:1")
    with context.database.write() as conn:
        first = record(conn, activity, real=now)
        second = record(conn, activity, real=now)
    with context.database.read() as conn:
        waiting = conn.execute(sa.select(sa.func.count()).select_from(reactions)).scalar_one()
        at = conn.execute(sa.select(leads.c.last_activity_at)).scalar_one()
    assert first is not None
    assert second is None
    assert waiting == 1
    assert at == now
