"""What comes next in line: read along an index, the urgent first, however many wait."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from nurture.delivery import turn_store
from nurture.delivery.desk import Desk, Seat
from nurture.delivery.front import Front
from nurture.delivery.go import Gone, go_next
from nurture.delivery.limits import Limits
from nurture.delivery.model import Connection
from nurture.delivery.relays import Route
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.faults.ground import crowd, fill

WAITING = 20_000
ROUTE = Route("a", Connection("a", "127.0.0.1", 25), Limits(ZoneInfo("Asia/Ho_Chi_Minh")))


def _look(ctx: Context, front: Front) -> None:
    with ctx.database.read() as conn:
        turn_store.by_indexes(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": ctx.database.now(conn)}
        front.found(turn_store.first_in_line(conn, **times), 0.0)


def _turn(ctx: Context, front: Front, most: int, *, seats: int | None = None) -> Gone:
    """One go after the front, by one relay whose sender has so many hands free."""
    assert front.after is not None
    with ctx.database.write() as conn:
        turn_store.by_indexes(conn)
        desk = Desk(conn, ctx.settings, [ROUTE], ctx.clock.real())
        desk.sit({"a": [Seat("s1", most if seats is None else seats)]}, {})
        gone = go_next(conn, ctx, front.after, most, at=ctx.database.now(conn), desk=desk)
    front.moved(gone.last, gone.left, is_end=gone.seen < most)
    return gone


def _ids(gone: Gone) -> list[int]:
    return [one.message_id for one in gone.letters]


def _set(ctx: Context, number: int, **values: Any) -> None:
    with ctx.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == number).values(**values))


def test_an_alert_is_in_the_next_go_before_all_that_wait(context: Context) -> None:
    """Raised while a broadcast goes out, it passes what is left of it."""
    fill(context, 1)
    first = crowd(context, WAITING)
    front = Front()
    _look(context, front)
    assert _ids(_turn(context, front, 64)) == [1, *range(first, first + 63)]
    assert _ids(_turn(context, front, 64)) == list(range(first + 63, first + 127))
    _set(context, first + 9_000, priority=1, not_before=context.clock.engine() - timedelta(seconds=1))
    _look(context, front)
    assert _ids(_turn(context, front, 64))[:2] == [first + 9_000, first + 127]


def test_what_is_next_is_read_along_an_index(context: Context) -> None:
    """Nothing is sorted and no table is read through, with figures known or not."""
    fill(context, 1)
    crowd(context, WAITING)
    front = Front()
    _look(context, front)
    sqlite = context.database.is_sqlite
    plans: list[str] = []

    def explain(conn: sa.Connection, cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if "coming" not in sql:
            return
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {sql}", parameters)
        plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    if not sqlite:
        with context.database.write() as conn:
            conn.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
    sa.event.listen(context.database.engine, "before_cursor_execute", explain)
    _turn(context, front, 64)
    (plan,) = plans
    assert "ix_messages_waiting" in plan
    assert "Bitmap" not in plan
    assert "TEMP B-TREE" not in plan.split("SCAN coming")[0]


def test_those_for_whom_no_hand_is_free_stand_in_line_as_before(context: Context) -> None:
    """They are the first of the next go."""
    fill(context, 10)
    front = Front()
    _look(context, front)
    gone = _turn(context, front, 6, seats=4)
    assert (_ids(gone), [one.id for one in gone.left]) == ([1, 2, 3, 4], [5, 6])
    assert _ids(_turn(context, front, 6)) == [5, 6, 7, 8, 9, 10]


def test_a_go_takes_nothing_that_another_holds(context: Context) -> None:
    """Neither what is reserved nor what is under way; at the end of the line nothing is left to look at."""
    fill(context, 6)
    _set(context, 2, lease_holder="s9", lease_until=context.clock.real() + timedelta(days=9_000))
    _set(context, 4, state="sending", lease_holder="s9", lease_until=context.clock.real() + timedelta(days=9_000))
    front = Front()
    _look(context, front)
    assert _ids(_turn(context, front, 8)) == [1, 3, 5, 6]
    assert front.after is None
    assert front.is_due
