"""Goal and exit condition are looked at whenever something relevant happens, whoever did it; not at the next step."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.engine.leave import examine
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments import service
from nurture.kernel.context import Context
from nurture.leads import service as lead_service
from nurture.leads.model import Lifecycle, Temperature
from nurture.opportunities import service as deals
from nurture.opportunities.model import NewOpportunity
from nurture.scoring.service import set_temperature
from nurture.segments import store as segment_store
from nurture.segments.tables import segments
from nurture.segments.upkeep import keep
from tests.storage import selling
from tests.storage.ticking import DAY, add_leads, apply, clock, places

SEGMENTS = """
everyone: {name: Everyone, when: {none: [{tag: nobody}]}}
old: {name: Old, when: {field: created_at, before: 2 days ago}}
vips: {name: VIPs, when: {tag: vip}}
"""
CAMPAIGN = """
key: hello
name: Hello
entry: {by_hand: true}
%s
steps:
  - {id: breathe, wait: 30 days}
"""
Deed = Callable[[Connection, int, dict[str, Any]], object]


def _tag(conn: Connection, lead: int, by: dict[str, Any]) -> object:
    return lead_service.tag(conn, lead, "vip", **by)


def _change(conn: Connection, lead: int, by: dict[str, Any]) -> object:
    return lead_service.change(conn, lead, {"city": "Huế"}, **by)


def _stage(conn: Connection, lead: int, by: dict[str, Any]) -> object:
    return lead_service.set_lifecycle(conn, lead, Lifecycle.CUSTOMER, **by)


def _start(context: Context, condition: str) -> int:
    (lead,) = add_leads(context, 1)
    apply(context, CAMPAIGN % condition, segments=SEGMENTS)
    tick(context, refresh=True)
    now = context.clock.engine()
    with context.database.write() as conn:
        service.enroll(conn, "hello", [lead], cause="user:1", now=now, real=now, actor="user:1")
    tick(context)
    clock(context).advance(DAY / 24)
    return lead


def _react(context: Context) -> None:
    def leave(conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> None:
        examine(conn, lead_ids, now, real)

    while react(context, after=(leave,)):
        pass


@pytest.mark.parametrize(
    ("condition", "deed"),
    [
        pytest.param("exit_when: {tag: vip}", _tag, id="a tag"),
        pytest.param("exit_when: {segment: vips}", _tag, id="a segment, by a tag"),
        pytest.param("exit_when: {field: city, is: Hue}", _change, id="a field"),
        pytest.param("goal: {lifecycle: customer}", _stage, id="the stage"),
    ],
)
def test_what_a_person_does_to_a_lead_is_looked_at_at_once(context: Context, condition: str, deed: Deed) -> None:
    """The lead leaves although its step is due in weeks."""
    lead = _start(context, condition)
    now = context.clock.engine()
    with context.database.write() as conn:
        deed(conn, lead, {"now": now, "real": now, "actor": "user:1", "cause": "user:1"})
    _react(context)
    assert places(context, "state", "ended_at") == [("exited", now)]


def test_a_temperature_set_by_hand_is_looked_at_at_once(context: Context) -> None:
    """As one that clicks led to."""
    rules, _ = selling.publish(context)
    lead = _start(context, "exit_when: {temperature: hot}")
    now = context.clock.engine()
    with context.database.write() as conn:
        set_temperature(conn, "user:1", lead, Temperature.HOT, "Phoned us", rules, now=now, real=now)
    _react(context)
    assert places(context, "state", "reason") == [("exited", "exit_condition")]


def test_an_opportunity_opened_by_hand_is_the_goal(context: Context) -> None:
    """At once as well."""
    _, pipeline = selling.publish(context)
    lead = _start(context, "goal: {opportunity: opened}")
    now = context.clock.engine()
    with context.database.write() as conn:
        deals.open_(
            conn, NewOpportunity(lead), pipeline, actor="user:1", cause="user:1",
            zone=context.settings.local_zone, now=now, real=now,
        )  # fmt: skip
    _react(context)
    assert places(context, "state", "reason") == [("exited", "goal_reached")]


def test_a_segment_joined_as_time_passes_is_looked_at_by_the_tick(context: Context) -> None:
    """Nothing happened but time; nobody reacts to anything."""
    _start(context, "exit_when: {segment: old}")
    tick(context, refresh=True)
    assert places(context, "state") == [("active",)]
    clock(context).advance(3 * DAY)
    tick(context, refresh=True)
    assert places(context, "state", "reason", "ended_at") == [("exited", "exit_condition", context.clock.engine())]


def test_whom_a_segment_moved_before_a_kill_is_looked_at_after_it(context: Context) -> None:
    """The sweep was committed, the look was not; whoever swept, the next tick that does looks at them."""
    _start(context, "exit_when: {segment: old}")
    tick(context, refresh=True)
    clock(context).advance(3 * DAY)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.read() as conn:
        facts = segment_store.facts(conn)
    assert [one.joined for one in keep(context.database, now, real, facts)] == [1]
    clock(context).advance(DAY / 24)
    tick(context)
    assert places(context, "state", "reason") == [("exited", "exit_condition")]
    with context.database.read() as conn:
        assert set(conn.execute(sa.select(segments.c.untold_since)).scalars()) == {None}
