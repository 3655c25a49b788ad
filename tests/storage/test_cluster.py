"""What is due goes out in chunks, in the transaction that found it; no job is believed, rows are."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from procrastinate.schema import SchemaManager

from nurture.cluster import schema, service
from nurture.cluster.feed import Feeder, drop, find, out
from nurture.cluster.hands import Hands
from nurture.cluster.jobs import Crew, enqueue, ring, take_up
from nurture.cluster.model import MOST_OUT, Chunk, Queue, Task
from nurture.engine.react import react
from nurture.engine.tick import advance_these, tick
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.errors import GuardError
from nurture.migrations import migrate
from nurture.runtime import works
from tests.storage.ticking import DAY, HELLO, add_leads, apply, clock, hand_over, mails, places, publish_emails

pytestmark = pytest.mark.postgres
_monotonic = SystemClock().monotonic


@pytest.fixture
def queue(several: Context) -> Iterator[Context]:
    """A context with a queue, and the emails that the tests name."""
    service.ready(several.settings)
    publish_emails(several, "hello", "again")
    yield several
    with several.database.write() as conn:
        conn.exec_driver_sql(f"DROP SCHEMA {schema.SCHEMA} CASCADE")


def feed(ctx: Context) -> list[Chunk]:
    """One look of the clock."""
    with ctx.database.write() as conn:
        chunks = find(conn, ctx, out(conn))
        enqueue(conn, chunks)
    return chunks


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it."""
    last = _monotonic() + seconds
    while not condition():
        assert _monotonic() < last, "not in time"
        time.sleep(0.02)


def is_empty(ctx: Context) -> bool:
    """Whether no chunk is out."""
    with ctx.database.read() as conn:
        return not out(conn)


def enrolled(ctx: Context, count: int) -> None:
    """So many leads whose first mail went and whose next step is due."""
    add_leads(ctx, count)
    apply(ctx, HELLO)
    tick(ctx)
    hand_over(ctx)
    tick(ctx)
    while react(ctx):
        pass
    clock(ctx).advance(3 * DAY)


def test_what_is_due_is_handed_out_once(queue: Context) -> None:
    """While a chunk is out its rows are in no other; what became due meanwhile is."""
    enrolled(queue, 120)
    first = feed(queue)
    assert [(one.task, len(one.ids)) for one in first] == [(Task.ADVANCE, 100), (Task.ADVANCE, 20)]
    assert feed(queue) == []
    with queue.database.read() as conn:
        assert {number for one in out(conn) for number in one.ids} == {n for one in first for n in one.ids}


def test_a_chunk_is_out_only_if_its_transaction_is_committed(queue: Context) -> None:
    """What is undone was never handed out."""
    with pytest.raises(RuntimeError), queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.ADVANCE, (1, 2))])
        raise RuntimeError
    assert is_empty(queue)


def test_a_lost_chunk_is_handed_out_at_the_next_look(queue: Context) -> None:
    """Rows are the truth: a job that vanished costs half a second."""
    enrolled(queue, 30)
    chunks = feed(queue)
    with queue.database.write() as conn:
        for job in out(conn):
            drop(conn, job.id)
    assert feed(queue) == chunks


def test_a_chunk_worked_on_twice_moves_each_lead_once(queue: Context) -> None:
    """The claim decides, not the job."""
    enrolled(queue, 40)
    (chunk,) = feed(queue)
    counts = []

    def work() -> None:
        counts.append(advance_these(queue, chunk.ids))

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum(counts) == 40
    assert advance_these(queue, chunk.ids) == 0
    assert len(mails(queue, "id")) == 80
    assert len(set(mails(queue, "lead_id", "step"))) == 80


def test_workers_do_what_the_clock_hands_out(queue: Context) -> None:
    """The clock's tick leaves due steps alone; the chunk's worker takes them, and the queue is empty again."""
    enrolled(queue, 60)
    assert tick(queue, advances=False).advanced == 0
    hands = Hands(queue, works(queue), {Queue.ADVANCE: 2, Queue.INGEST: 1})
    hands.start()
    try:
        feed(queue)
        until(lambda: is_empty(queue))
    finally:
        hands.stop()
    assert len(mails(queue, "id")) == 120
    assert {state for (state,) in places(queue, "state")} == {"active"}
    with queue.database.read() as conn:
        left = conn.exec_driver_sql("SELECT count(*) FROM procrastinate.procrastinate_workers").scalar()
        events = conn.exec_driver_sql("SELECT count(*) FROM procrastinate.procrastinate_events").scalar()
    assert (left, events) == (0, 0)


def test_the_queue_does_not_grow_without_bound(queue: Context) -> None:
    """When nobody works on them, no more than so many chunks are out, however much is due."""
    add_leads(queue, 1)
    with queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.REACT, (n,)) for n in range(1, MOST_OUT)])
        jobs = out(conn)
    with queue.database.read() as conn:
        chunks = find(conn, queue, jobs)
    assert chunks == []
    enrolled(queue, 5)
    with queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.ADVANCE, (10**9 + n,)) for n in range(MOST_OUT)])
    assert [one for one in feed(queue) if one.task is Task.ADVANCE] == []


def test_what_came_last_passes_a_backlog(queue: Context) -> None:
    """Where chunks are out already, the newest rows go first and in a small chunk."""
    enrolled(queue, 300)
    with queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.ADVANCE, (10**9,))])
    first, *rest = feed(queue)
    assert len(first.ids) == 50
    assert all(first.priority > one.priority for one in rest)
    assert first.ids == tuple(range(300, 250, -1))
    assert sorted(n for one in rest for n in one.ids) == list(range(1, 251))


def test_a_dead_workers_chunk_is_taken_up_again(queue: Context) -> None:
    """It sends no heartbeat any more; the chunk goes to another, and nothing is done twice."""
    enrolled(queue, 10)
    feed(queue)
    with queue.database.write() as conn:
        conn.exec_driver_sql(
            "INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now() - interval '20 seconds')"
        )
        schema.in_schema(conn)
        conn.exec_driver_sql("SELECT procrastinate_fetch_job_v2(NULL, (SELECT max(id) FROM procrastinate_workers))")
    with queue.database.read() as conn:
        assert [one.taken for one in out(conn)] == [True]
    crew = Crew(queue.database.url, works(queue), {Queue.ADVANCE: 1})

    async def look() -> int:
        async with crew._app().open_async() as app:
            return await take_up(app)

    with ThreadPoolExecutor(1) as apart:  # the browser of other tests keeps a loop in this thread
        assert apart.submit(lambda: asyncio.run(look())).result(30) == 1
    with queue.database.read() as conn:
        assert [one.taken for one in out(conn)] == [False]


def test_a_chunk_that_fails_is_put_off_and_done_later(queue: Context) -> None:
    """It stays in the queue, so that its rows are not handed out again and again."""
    tries: list[Sequence[int]] = []

    def work(ids: Sequence[int]) -> int:
        tries.append(ids)
        if len(tries) == 1:
            raise sa.exc.OperationalError("SELECT 1", {}, Exception("the server went away"))
        return len(ids)

    hands = Hands(queue, {Task.ADVANCE: work}, {Queue.ADVANCE: 1})
    with queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.ADVANCE, (5, 6))])
    hands.start()
    try:
        until(lambda: len(tries) == 2 and is_empty(queue))
    finally:
        hands.stop()
    assert tries == [[5, 6], [5, 6]]


def test_what_nobody_takes_the_clock_does_itself(queue: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker serves a queue nothing stands still for ever."""
    enrolled(queue, 20)
    monkeypatch.setattr("nurture.cluster.feed.PATIENCE", 0.05)
    feeder = Feeder(queue, enqueue, works(queue), lambda: True)
    assert feeder.work() == 0
    assert feeder.work() == 0
    time.sleep(0.06)
    assert feeder.work() == 1
    assert len(mails(queue, "id")) == 40
    assert is_empty(queue)


def test_a_clock_that_stands_by_hands_out_nothing(queue: Context) -> None:
    """One feeds, as one ticks."""
    enrolled(queue, 3)
    assert Feeder(queue, enqueue, works(queue), lambda: False).work() == 0
    assert is_empty(queue)


def test_the_bell_for_mail_hangs_in_the_queue_once(queue: Context) -> None:
    """However often it is rung; and it rings at whoever hands over."""
    for _ in range(3):
        service.ring(queue)
    with queue.database.write() as conn:
        ring(conn)
        assert [one.task for one in out(conn)] == ["ring"]
    hands = Hands(queue, works(queue), {Queue.SEND: 1})
    hands.start()
    try:
        assert queue.wake.messages.wait(10)
        until(lambda: is_empty(queue))
    finally:
        hands.stop()


def test_a_worker_told_to_stop_finishes_the_chunk_in_hand(queue: Context) -> None:
    """The next one stays in the queue for others."""
    begun, go_on = threading.Event(), threading.Event()
    done: list[Sequence[int]] = []

    def work(ids: Sequence[int]) -> int:
        begun.set()
        go_on.wait(10)
        done.append(ids)
        return 1

    with queue.database.write() as conn:
        enqueue(conn, [Chunk(Task.ADVANCE, (1,)), Chunk(Task.ADVANCE, (2,))])
    hands = Hands(queue, {Task.ADVANCE: work}, {Queue.ADVANCE: 1})
    hands.start()
    assert begun.wait(10)
    threading.Timer(0.3, go_on.set).start()
    hands.stop()
    assert done == [[1]]
    with queue.database.read() as conn:
        assert [(one.ids, one.taken) for one in out(conn)] == [((2,), False)]


def test_the_queues_tables_are_beside_ours_and_made_once(queue: Context) -> None:
    """In a schema of their own; a second start changes nothing."""
    with queue.database.write() as conn:
        assert schema.install(conn, queue.clock.real()) == []
    with queue.database.read() as conn:
        inspector = sa.inspect(conn)
        assert not [name for name in inspector.get_table_names() if name.startswith("procrastinate")]
        assert "procrastinate_jobs" in inspector.get_table_names(schema=schema.SCHEMA)


def test_an_older_queue_is_upgraded_with_what_is_in_it(queue: Context) -> None:
    """As after an upgrade of the library: what is needed at once, what is no longer needed a day later."""
    real = queue.clock.real()
    manager = SchemaManager.get_migrations_path()
    old = [one for one in sorted(Path(manager).glob("*.sql")) if one.stem < "03.04"]
    with queue.database.engine.connect() as conn:
        conn.exec_driver_sql("DROP SCHEMA procrastinate CASCADE")
        conn.exec_driver_sql("CREATE SCHEMA procrastinate")
        schema._apply(conn, [one.read_text("utf-8") for one in old])
        schema._note(conn, [old[-1].stem], real)
        enqueue(conn, [Chunk(Task.ADVANCE, (7,))])
        first = schema.install(conn, real)
        later = schema.install(conn, real + timedelta(hours=3))
        last = schema.install(conn, real + timedelta(days=1))
        jobs = out(conn)
        conn.rollback()
    assert [one[:8] for one in first] == ["03.04.00"]
    assert [later, len(last)] == [[], 1]
    assert [one.ids for one in jobs] == [(7,)]


def test_on_sqlite_there_are_no_queues(sqlite_url: str, queue: Context) -> None:
    """Whoever asks for them by name is told so."""
    settings = replace(queue.settings, database_url=sqlite_url)
    with pytest.raises(GuardError):
        service.require(settings)
    assert not service.ready(settings)


@pytest.mark.parametrize(("oldest", "runs"), [("0006", True), ("9998", False), (None, False)])
def test_a_newer_database_says_which_older_processes_may_run_on_it(
    several: Context, oldest: str | None, runs: bool
) -> None:
    """While others are upgraded one of the release before may start again; an older one is told to be upgraded."""
    with several.database.write() as conn:
        conn.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        conn.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
        if oldest is not None:
            conn.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS 'serves {oldest}'")
    try:
        if runs:
            assert migrate(several.database) == ("9999", "9999")
        else:
            with pytest.raises(GuardError):
                migrate(several.database)
    finally:
        with several.database.write() as conn:
            conn.exec_driver_sql("DROP TABLE alembic_version")
