"""What has just happened is noticed at once by those who wait for it, and by nobody else."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from nurture.activities.model import Kind
from nurture.engine.leave import examine
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments import store
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.service import tag
from tests.storage.ticking import (
    DAY,
    HOUR,
    act,
    add_leads,
    apply,
    clock,
    hand_over,
    mails,
    passed,
    places,
    publish_emails,
    rows,
)

LISTENING = """
key: listening
name: Listening
entry: {segment: everyone, existing: enroll}
goal: {tag: won}
steps:
  - {id: first, send_email: hello}
  - id: look
    wait_for:
      when: {clicked: {email: hello}}
      within: 3 days
      then: [{id: more, send_email: again}]
  - {id: breathe, wait: 2 days}
"""
PLAIN = LISTENING.replace("key: listening", "key: plain").replace(
    """  - id: look
    wait_for:
      when: {clicked: {email: hello}}
      within: 3 days
      then: [{id: more, send_email: again}]
""",
    "",
)


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the tests name."""
    publish_emails(context, "hello", "again")
    return context


def _react(context: Context) -> None:
    """Effects, then the looks that follow them, as the process does."""
    react(context, after=(lambda conn, ids, *, now, real: examine(conn, ids, now, real),))


def _begin(context: Context, campaign: str, count: int = 1) -> list[int]:
    """Leads who have their first mail and stand at the step behind it."""
    ids = add_leads(context, count)
    apply(context, campaign)
    tick(context)
    hand_over(context)
    tick(context)
    _react(context)
    tick(context)
    return ids


def test_a_click_is_taken_within_one_tick(ready: Context) -> None:
    """The mail behind it is planned for the click, the wait behind that counts from it."""
    (lead,) = _begin(ready, LISTENING)
    start = ready.clock.engine()
    assert places(ready, "step", "due_at") == [("look", start + 3 * DAY)]
    clock(ready).advance(5 * HOUR)
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="listening")
    _react(ready)
    tick(ready)
    assert passed(ready)[1:] == [("look", "then"), ("more", "done")]
    assert mails(ready, "step", "planned_at")[1] == ("more", start + 5 * HOUR)


def test_without_a_click_the_other_way_is_gone_in_time(ready: Context) -> None:
    """A click later changes nothing."""
    (lead,) = _begin(ready, LISTENING)
    clock(ready).advance(3 * DAY + HOUR)
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="listening")
    _react(ready)
    tick(ready)
    assert passed(ready)[1:] == [("look", "else")]
    assert places(ready, "step", "due_at") == [("breathe", ready.clock.engine() + 2 * DAY - HOUR)]


def test_a_click_while_nothing_ran_counts_when_it_happened(ready: Context) -> None:
    """The server was stopped for a week: the lead goes on from the click."""
    (lead,) = _begin(ready, LISTENING)
    clock(ready).advance(DAY)
    clicked = ready.clock.engine()
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="listening")
    clock(ready).advance(7 * DAY)
    tick(ready)
    assert passed(ready)[1] == ("look", "then")
    assert mails(ready, "step", "planned_at")[1] == ("more", clicked)


def test_a_plain_wait_stays_exactly_as_planned(ready: Context) -> None:
    """Something happened that nobody waits for: the row is untouched."""
    (lead,) = _begin(ready, PLAIN)
    (before,) = rows(ready, sa.select(enrollments))
    clock(ready).advance(HOUR)
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="plain")
    _react(ready)
    assert tick(ready).advanced == 0
    assert rows(ready, sa.select(enrollments)) == [before]


def test_something_else_leaves_a_listening_step_as_planned(ready: Context) -> None:
    """It was looked at, and listens on until the same instant."""
    (lead,) = _begin(ready, LISTENING)
    shown = ("step", "due_at", "planned_at", "arrived_at", "held", "occurrence")
    before = places(ready, *shown)
    clock(ready).advance(HOUR)
    act(ready, lead, Kind.CALLED)
    _react(ready)
    assert places(ready, "due_at") == [(ready.clock.engine(),)]
    tick(ready)
    assert places(ready, *shown) == before


def test_a_goal_is_reached_between_two_steps(ready: Context) -> None:
    """At a plain wait, without a tick."""
    (lead,) = _begin(ready, PLAIN)
    clock(ready).advance(HOUR)
    with ready.database.write() as conn:
        tag(conn, lead, "won", now=ready.clock.engine(), real=ready.clock.real(), actor="cli", cause="cli")
    _react(ready)
    assert places(ready, "state", "reason", "ended_at") == [("exited", "goal_reached", ready.clock.engine())]


def test_a_decision_that_was_being_made_when_it_happened_is_void(ready: Context) -> None:
    """A tick that looked before the click does not get the lead; the next one sees the click."""
    (lead,) = _begin(ready, LISTENING)
    now = ready.clock.engine() + 3 * DAY
    with ready.database.read() as conn:
        seen = store.due(conn, now, 10)
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="listening")
    _react(ready)
    with ready.database.write() as conn:
        assert not store.claim(conn, seen, now)
        assert len(store.claim(conn, store.due(conn, now, 10), now)) == 1


def test_a_message_that_has_not_gone_is_waited_for_still(ready: Context) -> None:
    """No early look passes a mail that is on its way."""
    (lead,) = add_leads(ready, 1)
    apply(ready, LISTENING)
    tick(ready)
    clock(ready).advance(timedelta(seconds=1))
    act(ready, lead, Kind.CLICKED, email_key="hello", campaign_key="listening")
    _react(ready)
    clock(ready).advance(timedelta(seconds=5))
    assert tick(ready).advanced == 0
    hand_over(ready)
    tick(ready)
    assert passed(ready) == [("first", "done"), ("look", "then"), ("more", "done")]


def test_the_looks_cost_the_same_however_many_leads(ready: Context) -> None:
    """A fixed number of statements."""
    ids = _begin(ready, LISTENING, 30)
    clock(ready).advance(HOUR)
    counts = [_statements(ready, ids[:part]) for part in (2, 2, 28)]
    assert counts[1] == counts[2]


def _statements(context: Context, ids: list[int]) -> int:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        event.listen(conn, "before_cursor_execute", note)
        examine(conn, ids, now, real)
        event.remove(conn, "before_cursor_execute", note)
    return len(seen)
