"""Many rows written at once keep the types of their columns, on both databases."""

from datetime import timedelta

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.database import among, insert_new, insert_rows, update_rows
from nurture.leads.tables import leads
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


def test_many_are_found_by_an_index(context: Context) -> None:
    """Asked for by their numbers, alone or with more, to be read or to be changed: nobody looks at every row."""
    some = among(messages.c.id, [1, 2])
    queries = (
        sa.select(messages.c.class_).where(some),
        sa.select(messages.c.class_).where(some, messages.c.attempts == 0),
        messages.update().where(among(messages.c.lead_id, [1, 2])).values(attempts=1),
    )
    with context.database.read() as conn:
        for query in queries:
            sql = str(query.compile(conn, compile_kwargs={"literal_binds": False}))
            assert not sql.endswith("= 1")
            if conn.dialect.name == "sqlite":
                marks = ("1",) * (sql.count("?") - 1)
                values = (*marks, "[1,2]") if sql.startswith("UPDATE") else ("[1,2]", *marks)
                plan = [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
                assert [one for one in plan if one.startswith("SCAN messages")] == []


def test_many_rows_travel_as_few_do(context: Context) -> None:
    """More than fit into one text: documents, instants, quotes and line breaks, folded fields, nothing; and once."""
    now = context.clock.engine()
    names = ("public_id", "name", "email", "fields", "created_at", "updated_at", "paused_at", "owner_id")
    rows = [
        (f"p{n}", f'"{n}" \\ Nguyễn\n', f"l{n}@example.com", {"city": "Huế", "n": n}, now, now, None, None)
        for n in range(1, 2_402)
    ]
    with context.database.write() as conn:
        insert_rows(conn, leads, names, rows[:2_400])
        assert insert_new(conn, leads, names, rows, ("public_id",)) == [("p2401",)]
        insert_rows(conn, leads, names, rows, once=True)
        changed = [(n, rows[n - 1][1].strip(), now + timedelta(seconds=n), {"n": n}) for n in range(1, 2_401)]
        update_rows(conn, leads, ("name", "paused_at", "fields"), changed)
        found = conn.execute(sa.select(leads).order_by(leads.c.id)).all()
    assert len(found) == 2_401
    assert (found[6].name, found[6].paused_at, found[6].fields) == (
        '"7" \\ Nguyễn',
        now + timedelta(seconds=7),
        {"n": 7},
    )
    assert (found[2_400].name, found[2_400].paused_at) == (rows[2_400][1], None)
    assert (found[2_400].fields, found[2_400].lifecycle) == ({"city": "Huế", "n": 2_401}, "lead")
