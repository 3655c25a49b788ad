"""What is measured of a running installation, and what is kept of what is wrong with it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture import scheduler
from nurture.activities.tables import activities, reactions
from nurture.broadcasts.tables import broadcasts
from nurture.cluster import schema
from nurture.delivery.tables import routes, senders
from nurture.engine import health, health_queue, health_store, keeping, presence
from nurture.engine.health import Watch, findings, keep
from nurture.engine.invariants import Invariant, Sum, Violation
from nurture.enrollments.tables import enrollments
from nurture.kernel import counting
from nurture.kernel.context import Context
from nurture.kernel.tables import health_findings, leases, processes, pulses
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.outbound.address import Allowed
from nurture.scoring.tables import score_entries
from nurture.tracking.tables import hits
from tests.storage.ticking import add_leads, clock, three_waiting

pytestmark = pytest.mark.usefixtures("fresh_counts")
LATE = timedelta(hours=1)


@pytest.fixture
def waiting(context: Context) -> Context:
    """Three leads have got the first email, and wait since then."""
    return three_waiting(context)


def _lags(context: Context) -> dict[Invariant, float]:
    with context.database.read() as conn:
        return health_store.lags(conn, health.times(context, conn))


def _queue(context: Context, number: int, **values: object) -> None:
    """The message waits anew, due an hour ago."""
    planned = clock(context).engine() - LATE
    change = {"state": "queued", "not_before": planned, "lease_until": None, "reason": "", **values}
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == number).values(change))


def test_the_lease_of_the_clock_is_the_one_that_is_looked_at() -> None:
    """Two modules name it, since the one that looks may not import the other."""
    assert (health_store.CLOCK, health_store.CLOCK_SPAN) == (scheduler.LEASE, scheduler._SPAN)


def test_an_empty_house_waits_for_nothing(context: Context) -> None:
    """No kind has a lag."""
    assert _lags(context) == {}


def test_mail_that_is_due_is_measured_from_when_it_was_due(waiting: Context) -> None:
    """A deferred one from when it may be tried again; one that is held or not due yet does not count."""
    with waiting.database.read() as conn:
        first, second, third = conn.execute(sa.select(messages.c.id).order_by(messages.c.id)).scalars()
    real = clock(waiting).real()
    _queue(waiting, first, state="deferred", retry_at=real - timedelta(minutes=2))
    _queue(waiting, second, retry_at=real + timedelta(minutes=5), state="deferred")
    _queue(waiting, third, reason="held_late")
    assert _lags(waiting) == {Invariant.MAIL: 120.0}
    _queue(waiting, third, purpose="alert", campaign_id=None, retry_at=None)
    assert _lags(waiting) == {Invariant.MAIL: 3600.0, Invariant.ALERTS: 3600.0}


def test_mail_of_what_a_person_stopped_is_not_late(waiting: Context) -> None:
    """A paused campaign's mail stays queued on purpose."""
    with waiting.database.write() as conn:
        conn.exec_driver_sql("UPDATE campaigns SET state = 'paused'")
        first = conn.execute(sa.select(sa.func.min(messages.c.id))).scalar_one()
    _queue(waiting, first)
    assert _lags(waiting) == {}


def test_hits_and_activities_that_wait_are_measured(waiting: Context) -> None:
    """A hit without a verdict; an activity nobody has reacted to, unless it fails, which is said elsewhere."""
    now = clock(waiting).real()
    with waiting.database.write() as conn:
        conn.execute(reactions.delete())
        conn.execute(hits.insert().values(kind="open", message_id=1, at=now - LATE, engine_at=now, method="GET",
                                          agent="", ip="", headers={}))  # fmt: skip
        lead = conn.execute(sa.select(sa.func.min(leads.c.id))).scalar_one()
        for hours, error in ((3, "ValueError"), (2, None)):
            row = {"lead_id": lead, "kind": "note", "occurred_at": now, "actor": "lead", "cause": "x", "detail": {}}
            new = activities.insert().values(recorded_at=now - hours * LATE, **row).returning(activities.c.id)
            number = conn.execute(new).scalar_one()
            conn.execute(reactions.insert().values(activity_id=number, lead_id=lead, error=error))
    assert _lags(waiting) == {Invariant.HITS: 3600.0, Invariant.REACTIONS: 7200.0}


def test_steps_and_broadcasts_are_measured_by_name(waiting: Context) -> None:
    """A campaign that runs and has somebody due; a broadcast whose audience is half written."""
    now = clock(waiting).engine()
    with waiting.database.write() as conn:
        conn.execute(enrollments.update().values(due_at=now - LATE, waits_for=None))
        row = {"key": "b", "name": "Bản tin", "state": "sending", "definition": {}, "created_by": "cli"}
        conn.execute(broadcasts.insert().values(started_at=now - 2 * LATE, created_at=now, **row))
    with waiting.database.read() as conn:
        at = health.times(waiting, conn)
        assert health_store.late_steps(conn, at) == {"hello": 3600.0}
        assert health_store.half_written(conn, at) == {"Bản tin": 7200.0}


def test_what_lies_with_a_sender_that_is_gone_is_an_orphan(waiting: Context) -> None:
    """Not what a living one holds, nor what is held a moment longer."""
    with waiting.database.write() as conn:
        at = waiting.database.now(conn)
        one, two, three = conn.execute(sa.select(messages.c.id).order_by(messages.c.id)).scalars()
        for number, holder, until in ((one, "dead", -LATE), (two, "alive", -LATE), (three, "dead", LATE)):
            values = {"state": "sending", "lease_holder": holder, "lease_until": at + until}
            conn.execute(messages.update().where(messages.c.id == number).values(values))
        row = {"host": "h", "boot": "b", "pid": 1, "journal": "j", "started_at": at, "seen_at": at}
        conn.execute(senders.insert().values(id="alive", **row))
        conn.execute(senders.insert().values(id="dead", ended_at=at, **row))
    with waiting.database.read() as conn:
        count, seconds = health_store.orphans(conn, health.times(waiting, conn))
    assert count == 1
    assert 3600 <= seconds < 3700


def test_chunks_of_a_worker_that_is_gone_are_orphans(several: Context) -> None:
    """Whose heartbeat is old, or whose row was taken away; not those of a living one. None without a queue."""
    with several.database.write() as conn:
        assert health_queue.lost(conn, several.database.now(conn)) == (0, 0.0)
        assert health_queue.waiting(conn) == {}
    try:
        with several.database.write() as conn:
            schema.install(conn, several.clock.real())
            at = several.database.now(conn)
            conn.exec_driver_sql("SET LOCAL search_path TO procrastinate")
            new = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id"
            dead, alive = (conn.exec_driver_sql(new, (at - ago,)).scalar_one() for ago in (LATE, timedelta(0)))
            job = "INSERT INTO procrastinate_jobs (queue_name, task_name, worker_id) VALUES ('a', 'b', %s) RETURNING id"
            jobs = [conn.exec_driver_sql(job, (worker,)).scalar_one() for worker in (dead, None, alive, None)]
            begun = "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = ANY (%s)"
            conn.exec_driver_sql(begun, (jobs[:3],))
            conn.exec_driver_sql("UPDATE procrastinate_events SET at = at - interval '1 hour'")
        with several.database.read() as conn:
            count, seconds = health_queue.lost(conn, at)
            assert health_queue.waiting(conn) == {("chunk", "doing"): 3, ("chunk", "todo"): 1}
        assert count == 2
        assert 3500 < seconds < 3700
    finally:
        with several.database.write() as conn:
            conn.exec_driver_sql("DROP SCHEMA IF EXISTS procrastinate CASCADE")


def test_months_without_a_table_are_named(context: Context) -> None:
    """On PostgreSQL; they are made by upkeep."""
    now = context.clock.engine()

    def missing() -> list[str]:
        with context.database.read() as conn:
            return health_store.months_missing(conn, now)

    before = [f"{table} {month}" for table in ("activities", "hits") for month in ("2026-11", "2026-12")]
    assert missing() == ([] if context.database.is_sqlite else before)
    keeping.keep(context, now, context.clock.real())
    assert missing() == []


def test_states_add_up_or_are_shown(waiting: Context) -> None:
    """A state that there is not, and a no without a reason, do not count as good."""

    def summed() -> list[Sum]:
        with waiting.database.read() as conn:
            return [health_store.sum_of(conn, *one) for one in health_store.running(conn)]

    (before,) = summed()
    assert before == Sum("hello", 6, 6)  # three enrollments, three messages
    with waiting.database.write() as conn:
        one, two, _ = conn.execute(sa.select(messages.c.id).order_by(messages.c.id)).scalars()
        conn.execute(messages.update().where(messages.c.id == one).values(state="lost"))
        conn.execute(messages.update().where(messages.c.id == two).values(state="skipped", reason=""))
    assert summed() == [Sum("hello", 6, 4)]


def test_scores_are_compared_with_their_lines_from_lead_to_lead(context: Context) -> None:
    """Both axes; the next look begins behind the last lead, and anew at the end."""
    add_leads(context, 3)
    now = clock(context).engine()
    with context.database.write() as conn:
        first, second, third = conn.execute(sa.select(leads.c.id).order_by(leads.c.id)).scalars()
        line = {"rule": "r", "detail": {}, "actor": "engine", "at": now, "recorded_at": now}
        for lead, axis, points in ((first, "engagement", 5), (first, "engagement", 2), (second, "fit", 4)):
            conn.execute(
                score_entries.insert().values(lead_id=lead, axis=axis, points=points, cause=f"{points}", **line)
            )
        conn.execute(leads.update().where(leads.c.id == first).values(engagement=7))
        conn.execute(leads.update().where(leads.c.id == second).values(fit=3))
    with context.database.read() as conn:
        assert health_store.wrong_scores(conn, 0) == (1, third)
        assert health_store.wrong_scores(conn, second) == (0, third)
        assert health_store.wrong_scores(conn, third) == (0, 0)


def test_what_waits_is_counted_by_kind_and_state(waiting: Context) -> None:
    """At most so many of each."""
    with waiting.database.read() as conn:
        first = conn.execute(sa.select(sa.func.min(messages.c.id))).scalar_one()
    _queue(waiting, first)
    with waiting.database.read() as conn:
        found = health_store.standing(conn)
    assert found["message", "queued"] == 1
    assert set(found) <= {("message", "queued"), ("reaction", "waiting")}


# -- presence --


def test_a_process_shows_that_it_lives_and_what_it_counted(context: Context) -> None:
    """Its row is seen anew; only what is new is added to the minute; good-bye takes it from the living."""
    one = presence.Presence(context, {"worker", "clock"})
    before = counting.HITS.total()
    one.say()
    counting.HITS.add("database", count=3)
    one.say()
    one.say()
    with context.database.read() as conn:
        (found,) = health_store.living(conn, context.database.now(conn))
        assert found.roles == {"worker", "clock"}
        assert found.figures.writable
        assert found.figures.disk_total > found.figures.disk_free > 0
        total = sa.select(sa.func.sum(pulses.c.amount)).where(pulses.c.what == "hits")
        assert conn.execute(total).scalar_one() == before + 3
    one.say(ended=True)
    with context.database.read() as conn:
        assert health_store.living(conn, context.database.now(conn)) == []


def test_a_process_that_fell_silent_is_not_believed_to_live(context: Context) -> None:
    """Whether or not it said good-bye."""
    presence.Presence(context, {"web"}).say()
    with context.database.write() as conn:
        conn.execute(processes.update().values(seen_at=context.database.now(conn) - timedelta(minutes=2)))
        assert health_store.living(conn, context.database.now(conn)) == []


def test_the_spool_of_a_machine_is_measured(context: Context) -> None:
    """Bytes, files, and the age of the oldest."""
    folder = context.settings.data_dir / "spool"
    folder.mkdir()
    (folder / "1-a.jsonl").write_bytes(b"12345")
    written = datetime.fromtimestamp((folder / "1-a.jsonl").stat().st_mtime, tz=context.clock.real().tzinfo)
    size, count, age = presence.spool_of(folder, written + LATE)
    assert (size, count, age) == (5, 1, 3600.0)
    assert presence.spool_of(context.settings.data_dir / "nowhere", context.clock.real()) == (0, 0, 0.0)


# -- the watch --


def _alive(context: Context) -> None:
    """A worker, a clock that ticks, tables for the months; what the machine says of its time does not matter here."""
    keeping.keep(context, context.clock.engine(), context.clock.real())
    presence.Presence(context, {"worker", "clock"}).say()
    with context.database.write() as conn:
        at = context.database.now(conn)
        conn.execute(leases.insert().values(name="clock", holder="h:1:x", until=at + timedelta(seconds=10), fence=1))
        seen = dict(conn.execute(sa.select(processes.c.figures)).scalar_one()) | {"skew": 0.0}
        conn.execute(processes.update().values(figures=seen))


def _open(context: Context) -> list[tuple[str, str]]:
    with context.database.read() as conn:
        return [(one.key, one.subject) for one in findings(conn)]


def test_a_healthy_house_has_no_findings_and_is_heard_outside(context: Context) -> None:
    """The heartbeat's address is asked for once; while something is wrong it is not."""
    asked: list[str] = []

    def ask(url: str, _: Allowed) -> bool:
        asked.append(url)
        return True

    ctx = replace(context, settings=replace(context.settings, heartbeat_url="https://hc.example/x"))
    watch = Watch(ctx, ask)
    watch.look()
    assert _open(ctx) == [("clock", ""), ("workers", "")]
    assert asked == []
    _alive(ctx)
    watch.look()
    assert _open(ctx) == []
    assert asked == ["https://hc.example/x"]


def test_what_is_wrong_is_kept_from_when_to_when(waiting: Context) -> None:
    """One row as long as it lasts; its beginning is when it began to wait; it ends when it is over."""
    _alive(waiting)
    with waiting.database.read() as conn:
        first = conn.execute(sa.select(sa.func.min(messages.c.id))).scalar_one()
    _queue(waiting, first)
    watch = Watch(waiting)
    watch.look()
    clock(waiting).advance(timedelta(minutes=1))
    watch.look()
    with waiting.database.read() as conn:
        (row,) = [one for one in findings(conn) if one.key == "mail"]
    assert row.since == clock(waiting).real() - LATE - timedelta(minutes=1)
    assert row.seen_at == clock(waiting).real()
    assert row.detail == {"seconds": 3660.0}
    with waiting.database.write() as conn:
        conn.execute(messages.update().values(state="sent"))
    watch.look()
    assert ("mail", "") not in _open(waiting)
    with waiting.database.read() as conn:
        (past,) = [one for one in findings(conn, over=5) if one.key == "mail"]
    assert past.ended_at == clock(waiting).real()


def test_mail_that_waits_behind_a_paused_server_or_goes_slowly_is_not_stuck(waiting: Context) -> None:
    """The one is said elsewhere; the other is on its way."""
    _alive(waiting)
    with waiting.database.read() as conn:
        first = conn.execute(sa.select(sa.func.min(messages.c.id))).scalar_one()
    _queue(waiting, first)
    with waiting.database.write() as conn:
        conn.execute(routes.insert().values(key="mailbox", state="paused", since=clock(waiting).real()))
    Watch(waiting).look()
    assert [key for key, _ in _open(waiting)] == ["senders"]
    with waiting.database.write() as conn:
        conn.execute(routes.delete())
        presence.add(conn, waiting.database.now(conn), {"tried": 1})
    Watch(waiting).look()
    assert [key for key, _ in _open(waiting)] == ["senders"]


def test_what_does_not_add_up_stays_open_until_it_does(waiting: Context) -> None:
    """Though samples move on to others."""
    _alive(waiting)
    with waiting.database.write() as conn:
        conn.execute(messages.update().values(state="lost"))
        conn.execute(leads.update().values(engagement=9))
    watch = Watch(waiting)
    for _ in range(3):
        watch.look()
        assert [key for key, _ in _open(waiting)] == ["states", "scores"]
    with waiting.database.write() as conn:
        conn.execute(messages.update().values(state="sent"))
        conn.execute(leads.update().values(engagement=0))
    watch.look()
    assert _open(waiting) == []


def test_what_was_over_long_ago_is_forgotten(context: Context) -> None:
    """After a month."""
    real = context.clock.real()
    with context.database.write() as conn:
        keep(conn, [Violation(Invariant.COPY)], real - timedelta(days=40))
        keep(conn, [], real - timedelta(days=31))
        keep(conn, [], real)
        assert conn.execute(sa.select(sa.func.count()).select_from(health_findings)).scalar_one() == 0
