"""What grows is kept for as long as is said, and no longer; reports stay as they were. Months are made ahead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record, record_set
from nurture.activities.tables import activities, reactions
from nurture.engine.keeping import keep
from nurture.kernel import partitions
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.identity import public_id
from nurture.messages.tables import attempts
from nurture.tracking import keeping, store
from nurture.tracking.model import Verdict
from nurture.tracking.results import What, result
from nurture.tracking.service import ingest
from nurture.tracking.store import NEVER_AGAIN
from nurture.tracking.tables import hit_days, hits
from tests.storage.tracking_ground import SCANNER, add_hit, add_lead, add_message, rows

DAY = timedelta(days=1)
EMAIL = "welcome_series_hello"


def _kept(context: Context, **settings: Any) -> Context:
    return replace(context, settings=replace(context.settings, **settings))


def _pass(context: Context, span: timedelta) -> None:
    assert isinstance(context.clock, ManualClock)
    context.clock.advance(span)


def _keep(context: Context, times: int = 6) -> None:
    for _ in range(times):
        keep(context, context.clock.engine(), context.clock.real())
        _pass(context, timedelta(hours=2))


def _read(context: Context, count: int) -> list[int]:
    """Mails, each opened by a person and followed by a scanner, all of it judged and settled."""
    sent = [add_message(context, add_lead(context, f"{public_id()}@anphat.example")) for _ in range(count)]
    for one in sent:
        add_hit(context, one, "open")
        add_hit(context, one, agent=SCANNER)
    ingest(context)
    _pass(context, DAY)
    ingest(context)
    return sent


def _result(context: Context) -> Any:
    with context.database.read() as conn:
        return result(conn, EMAIL)


def test_a_report_says_the_same_when_raw_hits_are_gone(context: Context) -> None:
    """Each hit is either there or counted in its day, and people's doings are activities, which stay."""
    context = _kept(context, keep_hits=100)
    _keep(context, 2)
    _read(context, 5)
    before = _result(context)
    assert (before.people[What.OPENED], before.hits[What.MACHINE]) == (5, 5)
    _pass(context, 150 * DAY)
    _keep(context)
    assert len(rows(context, hits)) == (1 if context.database.is_sqlite else 0)
    assert _result(context) == before
    with context.database.read() as conn:
        days = conn.execute(sa.select(hit_days.c.day, hit_days.c.kind, hit_days.c.amount)).all()
    assert sum(day.amount for day in days) + len(rows(context, hits)) == 10
    assert {day.day for day in days} == {datetime(2026, 11, 2, tzinfo=UTC)}


def test_a_report_says_the_same_when_what_is_left_is_judged_anew(context: Context) -> None:
    """Days hold what is gone, whose verdict is the last; the rest is counted as it is judged now."""
    context = _kept(context, keep_hits=100)
    _keep(context, 2)
    (old, _) = _read(context, 2)
    _pass(context, 150 * DAY)
    (new,) = _read(context, 1)
    _keep(context)
    before = _result(context).hits[What.MACHINE]
    with context.database.write() as conn:
        found = store.of_message(conn, new)
        store.judged(conn, [replace(one, verdict=Verdict.MACHINE, activity_id=None) for one in found], NEVER_AGAIN)
    raw = [one for one in rows(context, hits) if one.verdict == "machine"]
    with context.database.read() as conn:
        gone = keeping.counted_before(conn, EMAIL)
    assert _result(context).hits[What.MACHINE] == gone.get("machine", 0) + len(raw) == before + 1
    assert old != new


def test_what_is_not_settled_or_young_stays(context: Context) -> None:
    """Nothing goes before its last word is said; nothing goes at all where everything is kept."""
    forever = _kept(context, keep_hits=0, keep_attempts=0)
    _read(forever, 2)
    _pass(context, 900 * DAY)
    _keep(forever)
    assert len(rows(context, hits)) == 4
    with context.database.write() as conn:
        conn.execute(hits.update().values(settled=False))
    _keep(_kept(context, keep_hits=100))
    assert len(rows(context, hits)) == 4


def test_an_activity_counts_on_when_the_hit_it_came_from_is_gone(context: Context) -> None:
    """A later hit on the same mail that turns out a machine's takes back nothing that an older one gave."""
    message = add_message(context, add_lead(context))
    add_hit(context, message, "open")
    ingest(context)
    (opened,) = rows(context, activities)
    with context.database.write() as conn:
        conn.execute(hits.delete())
    with context.database.read() as conn:
        assert store.still_counted(conn, [message], [opened.id]) == {opened.id}


def test_conversations_of_mails_that_ended_go(context: Context) -> None:
    """Of those under way or unsure they stay, and so do the mails."""
    context = _kept(context, keep_attempts=100)
    lead = add_lead(context)
    for state in ("sent", "deferred", "unknown", "sent"):
        add_message(context, lead, state=state)
    _pass(context, 150 * DAY)
    _keep(context)
    assert len(rows(context, attempts)) == 3  # the last row stays


def _parts(context: Context, table: sa.Table) -> list[str]:
    with context.database.read() as conn:
        return [one.name for one in partitions.parts(conn, table)]


def test_months_are_made_ahead_and_take_their_rows_from_the_rest(context: Context) -> None:
    """Whatever has no month yet is kept in the rest; when its month is made it moves there, and is found as before."""
    if context.database.is_sqlite:
        assert _parts(context, hits) == []
        return
    lead = add_lead(context)
    at = datetime(2031, 5, 20, tzinfo=UTC)
    with context.database.write() as conn:
        line = Activity(lead, Kind.CLICKED, at, "lead", "test", cause_key="once")
        first = record(conn, line, real=at)
    _keep(context, 4)
    made = _parts(context, activities)
    assert {"activities_y2026m11", "activities_y2026m12", "activities_y2027m01", "activities_y2031m05"} <= set(made)
    assert {"hits_y2026m11", "hits_y2026m12", "hits_y2027m01"} <= set(_parts(context, hits))
    with context.database.write() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM activities_rest").scalar_one() == 0
        assert conn.exec_driver_sql("SELECT count(*) FROM activities_y2031m05").scalar_one() == 1
        assert record(conn, replace(line, occurred_at=at + 90 * DAY), real=at) is None
        assert store.standing_activity(conn, Kind.CLICKED, "once") == (first, True)


def test_nothing_counts_twice_whenever_it_is_said_to_have_happened(context: Context) -> None:
    """A cause key is there once over all time, by itself, among many, and in one batch."""
    lead, now = add_lead(context), context.clock.engine()
    lines = [Activity(lead, Kind.CLICKED, now + n * 40 * DAY, "lead", "test", cause_key="one") for n in range(3)]
    other = [replace(one, cause_key=None) for one in lines]
    with context.database.write() as conn:
        assert record(conn, lines[0], real=now) is not None
        assert record(conn, lines[1], real=now) is None
        record_set(conn, [*lines, *other], real=now)
        record_set(conn, [replace(one, cause_key="two") for one in lines], real=now)
    assert sorted(one.cause_key or "" for one in rows(context, activities)) == ["", "", "", "one", "two"]
    assert len(rows(context, reactions)) == 5
