"""Memberships kept step by step are what the rules say over all leads, after any events and any passing of time."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record, record_set
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.enrollments.tables import enrollments
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.model import FieldType
from nurture.leads.tables import field_definitions, leads
from nurture.opportunities.tables import opportunities
from nurture.rules.facts import Facts
from nurture.rules.parse import parse
from nurture.rules.sweep import is_timed
from nurture.segments import service, store
from nurture.segments.load import load
from nurture.segments.tables import segments
from nurture.segments.upkeep import keep

DAY = timedelta(days=1)
COUNT = 6
RULES = """
new: {when: {field: created_at, in_last: 7 days}}
quiet: {when: {field: last_activity_at, more_than_ago: 10 days}}
old: {when: {field: created_at, before: 20 days ago}}
late: {when: {field: last_activity_at, after: 3 days ago}}
clicked: {when: {clicked: {within: 2 hours}}}
twice: {when: {clicked: {at_least: 2, within: 3 days}}}
seldom: {when: {clicked: {at_most: 1, within: 3 days}}}
once: {when: {clicked: {exactly: 1, within: 40 days}}}
priced: {when: {page_visited: {path: /bang-gia, within: 1 day}}}
never: {when: {never: {opened: {within: 5 days}}}}
mailed: {when: {sent: {}}}
ends: {when: {field: ends, in_next: 7 days}}
ended: {when: {field: ends, in_last: 3 days}}
birthday: {when: {field: ends, anniversary: today}}
soon: {when: {field: ends, anniversary: 10 days}}
won: {when: {opportunity: {state: won, within: 4 days}}}
stuck: {when: {opportunity: {state: open, in_stage_since: {more_than_ago: 2 days}}}}
done: {when: {campaign: {key: welcome, state: completed, within: 6 days}}}
fresh: {when: {none: [{campaign: {within: 6 days}}]}}
both: {when: {all: [{segment: never}, {any: [{segment: ends}, {segment: clicked}]}]}}
outside: {when: {none: [{segment: both}, {segment: new}]}}
steady: {when: {field: ends, on: 2026-03-01}}
"""


class Life:
    """Some leads, and what can happen to them."""

    def __init__(self, context: Context, clock: ManualClock) -> None:
        self.context, self.clock = context, clock
        now = clock.engine()
        row = {"fields": {}, "created_at": now, "updated_at": now}
        with context.database.write() as conn:
            field = {"key": "ends", "label": "Ends", "type": FieldType.DATE.value, "choices": [], "position": 0}
            conn.execute(field_definitions.insert().values(**field, created_at=now))
            for n in range(COUNT):
                conn.execute(leads.insert().values(public_id=f"p{n}", email=f"a{n}@example.com", **row))
            conn.execute(campaigns.insert().values(key="welcome", name={}, state="live", created_at=now))
            revision = {"hash": "", "source": "", "definition": {}, "created_at": now, "created_by": "cli"}
            conn.execute(campaign_revisions.insert().values(campaign_id=1, **revision))
            self.facts: Facts = store.facts(conn)
            service.apply(conn, load(RULES, self.facts), now=now, real=now, actor="cli")

    def keep(self) -> None:
        keep(self.context.database, self.clock.engine(), self.clock.real(), self.facts)

    def differences(self) -> dict[str, list[int]]:
        with self.context.database.read() as conn:
            return service.differences(conn, self.clock.engine(), self.facts)

    def happen(self, lead: int, event: str) -> None:
        now = self.clock.engine()
        with self.context.database.write() as conn:
            told = EVENTS[event](conn, lead, now)
            if told is not None:
                service.touched(conn, [lead], [told], now, self.facts)


def _line(kind: Kind, **values: Any) -> Callable[[Connection, int, datetime], Kind | None]:
    def write(conn: Connection, lead: int, now: datetime) -> Kind | None:
        record(conn, Activity(lead, kind, now, "lead", "test", **values), real=now)
        return kind

    return write


def _mail(conn: Connection, lead: int, now: datetime) -> None:
    """A line of which nobody is told."""
    record_set(conn, [Activity(lead, Kind.MESSAGE_SENT, now, "engine", "test")], real=now, react=False)


def _ends(days: int) -> Callable[[Connection, int, datetime], Kind | None]:
    def write(conn: Connection, lead: int, now: datetime) -> Kind | None:
        day = (now.date() + timedelta(days=days)).isoformat()
        conn.execute(leads.update().where(leads.c.id == lead).values(fields={"ends": day}))
        return Kind.UPDATED

    return write


def _leap(conn: Connection, lead: int, _now: datetime) -> Kind | None:
    conn.execute(leads.update().where(leads.c.id == lead).values(fields={"ends": date(2024, 2, 29).isoformat()}))
    return Kind.UPDATED


def _opens(conn: Connection, lead: int, now: datetime) -> Kind | None:
    count = conn.execute(sa.select(sa.func.count()).select_from(opportunities)).scalar_one()
    row = {"pipeline": "sales", "name": "", "stage": "new", "state": "open", "automatic": False, "criteria": []}
    at = {"opened_at": now, "stage_since": now}
    conn.execute(opportunities.insert().values(public_id=f"o{count}", lead_id=lead, cause="test", **row, **at))
    return Kind.OPPORTUNITY_OPENED


def _wins(conn: Connection, lead: int, now: datetime) -> Kind | None:
    mine = opportunities.c.lead_id == lead
    conn.execute(opportunities.update().where(mine).values(state="won", closed_at=now))
    return Kind.OPPORTUNITY_CHANGED


def _enrolls(conn: Connection, lead: int, now: datetime) -> Kind | None:
    row = {"campaign_id": 1, "revision_id": 1, "state": "completed", "cause": "test"}
    conn.execute(enrollments.insert().values(lead_id=lead, entered_at=now, ended_at=now, **row))
    return Kind.LEFT_CAMPAIGN


EVENTS: dict[str, Callable[[Connection, int, datetime], Kind | None]] = {
    "click": _line(Kind.CLICKED),
    "open": _line(Kind.OPENED),
    "visit": _line(Kind.PAGE_VISITED, url="https://a.example/bang-gia/2026"),
    "mail": _mail,
    "ends": _ends(9),
    "ended": _ends(-2),
    "leap": _leap,
    "opens": _opens,
    "wins": _wins,
    "enrolls": _enrolls,
}
_SPANS = [
    timedelta(0), timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=50), timedelta(hours=2),
    timedelta(hours=11), DAY, 3 * DAY, 8 * DAY, 30 * DAY, 200 * DAY, 400 * DAY,
]  # fmt: skip
_steps = st.one_of(
    st.tuples(st.just("event"), st.integers(1, COUNT), st.sampled_from(sorted(EVENTS))),
    st.tuples(st.just("time"), st.just(0), st.sampled_from(_SPANS)),
)


@pytest.fixture
def life(context: Context, clock: ManualClock) -> Life:
    """A small house whose segments were never looked at."""
    return Life(context, clock)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_steps, min_size=4, max_size=30))
def test_what_is_kept_step_by_step_is_what_the_rules_say(life: Life, steps: list[tuple[str, int, Any]]) -> None:
    """Events touch their lead, time is swept, and no evaluation over all leads finds another answer."""
    for what, lead, value in steps:
        if what == "event":
            life.happen(lead, value)
        else:
            life.clock.advance(value)
            life.keep()
            assert life.differences() == {}
    life.keep()
    assert life.differences() == {}


def test_only_rules_that_know_time_are_swept(life: Life) -> None:
    """A rule without a clock in it is kept by what happens alone."""
    timed = {one.key for one in load(RULES, life.facts) if is_timed(one.rule, life.facts)}
    known = {one.key for one in load(RULES, life.facts)}
    assert known - timed == {"steady", "both", "outside"}
    assert not is_timed(parse({"field": "created_at", "before": "2026-01-01"}, life.facts), life.facts)


def test_a_sweep_looks_at_few_leads(life: Life) -> None:
    """Who is written past every service, without a word to anybody, is found by a look at all leads only."""
    life.keep()
    with life.context.database.write() as conn:
        conn.execute(leads.update().values(created_at=life.clock.engine() - 30 * DAY))
    life.clock.advance(timedelta(minutes=1))
    life.keep()
    assert life.differences()["old"] == list(range(1, COUNT + 1))
    with life.context.database.write() as conn:
        assert service.doubt(conn, ["created_at"], life.facts) == ["new", "old"]
    life.keep()
    assert life.differences() == {}


def test_a_rule_that_changed_is_looked_at_as_a_whole(life: Life) -> None:
    """Another text, another type of a field, a clock set back: each makes the next look a whole one."""
    life.keep()
    with life.context.database.write() as conn:
        changed = load("new: {when: {field: created_at, in_last: 900 days}}", life.facts)
        service.apply(conn, changed, now=life.clock.engine(), real=life.clock.real(), actor="cli")
        conn.execute(leads.update().values(created_at=life.clock.engine() - 100 * DAY))
    life.keep()
    assert "new" not in life.differences()
    with life.context.database.read() as conn:
        marks = {row.key: row.swept_as for row in conn.execute(sa.select(segments.c.key, segments.c.swept_as))}
    assert len(set(marks.values())) == len(marks)
