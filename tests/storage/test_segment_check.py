"""The check of segments finds what was written past every service, and mends it when asked."""

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.segments import service, store
from nurture.segments.load import load
from nurture.segments.upkeep import keep


def test_a_whole_look_mends_what_a_sweep_cannot_see(context: Context) -> None:
    """A lead that became hot behind everybody's back is missing until all leads are looked at."""
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        row = {"fields": {}, "created_at": now, "updated_at": now}
        conn.execute(leads.insert().values(public_id="p", email="a@example.com", **row))
        facts = store.facts(conn)
        service.apply(conn, load("hot: {when: {temperature: hot}}", facts), now=now, real=real, actor="cli")
    keep(context.database, now, real, facts)
    with context.database.write() as conn:
        conn.execute(leads.update().values(temperature="hot"))
    assert keep(context.database, now, real, facts) == []
    with context.database.read() as conn:
        assert service.differences(conn, now, facts) == {"hot": [1]}
    (counts,) = keep(context.database, now, real, facts, whole=True)
    assert (counts.key, counts.joined, counts.left) == ("hot", 1, 0)
    with context.database.read() as conn:
        assert service.differences(conn, now, facts) == {}
