"""Who enters a campaign, who does not and why, and what pages show of it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities, decisions, reactions
from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import Again
from nurture.engine.tick import tick
from nurture.enrollments import service, store
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.store import StepCounts
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.reasons import Reason
from nurture.leads.tables import lead_tags, leads
from tests.storage.ticking import (
    DAY,
    HELLO,
    SEGMENTS,
    add_leads,
    apply,
    clock,
    hand_over,
    places,
    publish_emails,
    rows,
)

VIPS = HELLO.replace("segment: everyone, existing: enroll", "segment: vips, existing: skip, again: after_exit")
DECIDED = (
    sa.select(decisions.c.lead_id, decisions.c.reason).where(decisions.c.kind == "enroll").order_by(decisions.c.id)
)


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the tests name."""
    publish_emails(context, "hello", "again")
    return context


def _tag(context: Context, lead_id: int, *, on: bool = True) -> None:
    with context.database.write() as conn:
        if on:
            conn.execute(sa.text("INSERT INTO tags (key, label) VALUES ('vip', 'vip') ON CONFLICT DO NOTHING"))
            conn.execute(lead_tags.insert().values(lead_id=lead_id, tag="vip", at=context.clock.engine()))
        else:
            conn.execute(lead_tags.delete().where(lead_tags.c.lead_id == lead_id))
    tick(context, refresh=True)


def test_those_in_the_segment_at_the_first_publish_enter_if_it_says_so(ready: Context) -> None:
    """Once, and in the timeline of each."""
    add_leads(ready, 3)
    apply(ready, HELLO)
    for _ in range(3):
        tick(ready, refresh=True)
    assert places(ready, "lead_id", "cause") == [(1, "membership:1"), (2, "membership:2"), (3, "membership:3")]
    lines = sa.select(activities.c.lead_id).where(activities.c.kind == "enrolled").order_by(activities.c.lead_id)
    assert rows(ready, lines) == [(1,), (2,), (3,)]
    assert rows(ready, sa.select(sa.func.count()).select_from(reactions)) == [(3,)]


def test_it_is_no_sign_of_life_of_the_lead(ready: Context) -> None:
    """What the engine does leaves last_activity_at alone."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    tick(ready)
    assert rows(ready, sa.select(leads.c.last_activity_at)) == [(None,)]


def test_those_in_the_segment_before_are_skipped_if_it_says_so(ready: Context) -> None:
    """The reason is kept once; who joins later enters."""
    old, new = add_leads(ready, 2)
    apply(ready, segments=SEGMENTS)
    _tag(ready, old)
    clock(ready).advance(DAY)
    apply(ready, VIPS)
    for _ in range(3):
        tick(ready, refresh=True)
    assert rows(ready, DECIDED) == [(old, "existing_skipped")]
    clock(ready).advance(timedelta(seconds=1))
    _tag(ready, new)
    assert places(ready, "lead_id") == [(new,)]


@pytest.mark.parametrize(
    ("again", "count", "reason"),
    [
        pytest.param("never", 1, "enrolled_before", id="never"),
        pytest.param("after_exit", 2, None, id="after the exit"),
        pytest.param("{after: 30 days}", 1, "enrolled_before", id="too soon"),
        pytest.param("{after: 3 days}", 2, None, id="long enough"),
    ],
)
def test_who_joins_again_enters_as_the_campaign_says(
    ready: Context, again: str, count: int, reason: str | None
) -> None:
    """A reason is kept for the other answer."""
    (lead,) = add_leads(ready, 1)
    apply(ready, VIPS.replace("again: after_exit", f"again: {again}"))
    tick(ready)
    clock(ready).advance(DAY)
    _tag(ready, lead)
    for _ in range(3):
        hand_over(ready)
        tick(ready)
        clock(ready).advance(2 * DAY)
    assert places(ready, "state") == [("completed",)]
    clock(ready).advance(3 * DAY)
    _tag(ready, lead, on=False)
    clock(ready).advance(DAY)
    _tag(ready, lead)
    assert len(places(ready, "id")) == count
    assert rows(ready, DECIDED) == ([] if reason is None else [(lead, reason)])


def test_a_merged_lead_never_enters(ready: Context) -> None:
    """Its membership is passed over."""
    kept, lost = add_leads(ready, 2)
    apply(ready, segments=SEGMENTS)
    tick(ready, refresh=True)
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lost).values(merged_into=kept))
    apply(ready, HELLO)
    tick(ready, refresh=False)
    assert places(ready, "lead_id") == [(kept,)]


def test_leads_are_enrolled_by_hand_or_it_is_said_why_not(ready: Context) -> None:
    """In, under way, merged away; and another time when somebody insists."""
    one, two, lost = add_leads(ready, 3)
    apply(ready, HELLO.replace("entry: {segment: everyone, existing: enroll}", "entry: {by_hand: true}"))
    now = ready.clock.engine()
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lost).values(merged_into=one))
        first = service.enroll(conn, "hello", [one], cause="user:1", now=now, real=now, actor="user:1")
        more = service.enroll(conn, "hello", [one, two, lost, two], cause="user:1", now=now, real=now)
        conn.execute(sa.text("UPDATE enrollments SET state = 'completed', ended_at = entered_at"))
        never = service.enroll(conn, "hello", [one], cause="user:1", now=now, real=now)
        still = service.enroll(conn, "hello", [one], cause="user:1", now=now, real=now, again=Again.AFTER_EXIT)
    assert [(entered.lead_id, entered.reason) for entered in (*first, *more, *never, *still)] == [
        (one, None),
        (one, Reason.ALREADY_ENROLLED),
        (two, None),
        (lost, Reason.MERGED),
        (one, Reason.ENROLLED_BEFORE),
        (one, None),
    ]


def test_only_a_campaign_that_runs_takes_leads(ready: Context) -> None:
    """Unknown and put-away ones say so."""
    (lead,) = add_leads(ready, 1)
    apply(ready, HELLO)
    now = ready.clock.engine()
    with ready.database.write() as conn:
        with pytest.raises(NotFoundError):
            service.enroll(conn, "nobody", [lead], cause="user:1", now=now, real=now)
        conn.execute(sa.text("UPDATE campaigns SET state = 'archived'"))
        with pytest.raises(ConflictError):
            service.enroll(conn, "hello", [lead], cause="user:1", now=now, real=now)


def test_a_leads_page_shows_where_it_stands_and_why_it_waits(ready: Context) -> None:
    """Campaign, step, when, and the reason."""
    (lead,) = add_leads(ready, 1)
    clock(ready).advance(timedelta(hours=13))
    apply(ready, HELLO + 'sending: {window: {days: mon-sat, from: "08:00", to: "20:00"}}\n')
    tick(ready)
    with ready.database.read() as conn:
        (one,) = store.of_lead(conn, lead)
    assert (one.campaign_key, one.state, one.step, one.held) == (
        "hello",
        EnrollmentState.ACTIVE,
        "first",
        "quiet_hours",
    )
    assert one.due_at == ready.clock.engine() + timedelta(hours=10)


def test_a_campaigns_page_counts_here_passed_and_skipped(ready: Context) -> None:
    """For each step, and in all."""
    add_leads(ready, 2)
    add_leads(ready, 1, agreed=False)
    apply(ready, HELLO)
    tick(ready)
    hand_over(ready)
    tick(ready)
    with ready.database.read() as conn:
        one = campaign_store.get(conn, "hello")
        assert one is not None
        counts = store.step_counts(conn, one.id)
        (seen,) = store.overview(conn)
    assert counts == {"first": StepCounts(0, {"done": 2, "skipped": 1}), "breathe": StepCounts(3, {})}
    assert (counts["first"].passed, counts["first"].skipped) == (3, 1)
    assert (seen.entered, dict(seen.states), seen.goals) == (3, {EnrollmentState.ACTIVE: 3}, 0)
    assert seen.next_due == ready.clock.engine() + 2 * DAY
