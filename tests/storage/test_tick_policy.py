"""The policy of the house at the tick: windows, Tết, caps, silence, and what comes late after a standstill."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions
from nurture.campaigns import service
from nurture.campaigns.house import publish
from nurture.engine import held
from nurture.engine.leave import examine
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.leads import replies
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities
from nurture.policy import store as policy_store
from tests.storage.ticking import (
    DAY,
    HELLO,
    HOUR,
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

LATE = 'quiet_hours: {from: "20:00", to: "08:00"}\nlate_start: 6 hours\n'
BY = {"actor": "user:4", "cause": "user:4"}


@pytest.fixture
def ready(context: Context) -> Context:
    """Emails are published."""
    publish_emails(context, "hello", "again")
    return context


def _house(ctx: Context, text: str) -> None:
    with ctx.database.write() as conn:
        publish(conn, text, ctx.clock.engine())


def _standstill(ctx: Context, span: timedelta) -> None:
    with ctx.database.write() as conn:
        policy_store.beat(conn, ctx.clock.engine())
    clock(ctx).advance(span)
    with ctx.database.write() as conn:
        policy_store.beat(conn, ctx.clock.engine())


def _decide(ctx: Context, verb: str, campaign: str | None = None) -> int:
    with ctx.database.write() as conn:
        now, real = ctx.clock.engine(), ctx.clock.real()
        return held.decide_by(conn, None, verb, campaign=campaign, now=now, real=real)


def test_over_tet_the_enrollment_waits_and_its_successor_counts_from_then(ready: Context) -> None:
    """They never arrive together: the next one comes two days after the first has gone."""
    clock(ready).advance(datetime(2027, 2, 1, 2, 0, tzinfo=UTC) - ready.clock.engine())
    add_leads(ready, 1)
    apply(ready, HELLO)
    _house(ready, 'quiet_hours: {from: "20:00", to: "08:00"}\ntet: {before: 7, after: 5}\ngap: 20 hours\n')
    tick(ready)
    opens = datetime(2027, 2, 12, 1, 0, tzinfo=UTC)
    assert places(ready, "step", "held", "due_at") == [("first", "holiday", opens)]
    clock(ready).advance(opens - ready.clock.engine())
    tick(ready)
    hand_over(ready)
    tick(ready)
    assert mails(ready, "step", "planned_at") == [("first", opens)]
    assert places(ready, "step", "due_at") == [("breathe", opens + 2 * DAY)]


def test_in_a_stop_that_drops_the_mail_is_left_out_and_the_way_goes_on(ready: Context) -> None:
    """With the reason."""
    clock(ready).advance(datetime(2027, 2, 1, 2, 0, tzinfo=UTC) - ready.clock.engine())
    add_leads(ready, 1)
    apply(ready, HELLO)
    _house(ready, "tet: {during: drop}")
    tick(ready)
    assert mails(ready, "state", "reason") == [("skipped", "holiday_dropped")]
    assert places(ready, "step") == [("breathe",)]


def test_the_cap_of_the_house_counts_every_campaign(ready: Context) -> None:
    """The second campaign has none of its own."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    _house(ready, "cap: 1 in 7 days")
    tick(ready)
    hand_over(ready)
    apply(ready, HELLO, HELLO.replace("key: hello", "key: other"))
    clock(ready).advance(DAY)
    tick(ready)
    assert places(ready, "held")[1] == ("capped",)


def test_an_email_that_is_left_out_when_held_is_skipped_on_a_day_off(ready: Context) -> None:
    """`if_held: skip` is told before the message is written."""
    clock(ready).advance(datetime(2027, 2, 1, 2, 0, tzinfo=UTC) - ready.clock.engine())
    add_leads(ready, 1)
    apply(ready, HELLO.replace("send_email: hello", "send_email: {email: hello, if_held: skip}"))
    _house(ready, "tet: {before: 7}")
    tick(ready)
    assert mails(ready, "state", "reason") == [("skipped", "holiday")]


def _late(ready: Context) -> None:
    """The second email comes due in a standstill of ten days."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    _house(ready, LATE)
    tick(ready)
    hand_over(ready)
    tick(ready)
    _standstill(ready, 10 * DAY)
    tick(ready)


def test_after_a_standstill_the_enrollment_waits_for_a_person_without_an_hour(ready: Context) -> None:
    """No tick looks at it again by itself, and the decision is kept."""
    _late(ready)
    assert places(ready, "state", "step", "held", "due_at") == [("active", "second", "held_late", None)]
    clock(ready).advance(30 * DAY)
    assert tick(ready).advanced == 0
    assert rows(ready, sa.select(decisions.c.reason)) == [("held_late",)]
    with ready.database.read() as conn:
        assert [(one.campaign, one.count) for one in held.piles(conn)] == [("hello", 1)]
        assert [(one.step, one.lead) for one in held.listed(conn, "hello")] == [("second", "lead1")]


def test_let_go_it_is_sent_and_planned_for_now(ready: Context) -> None:
    """What follows would count from now."""
    _late(ready)
    assert _decide(ready, "release", "hello") == 1
    tick(ready)
    assert mails(ready, "step", "state", "planned_at")[1] == ("second", "queued", ready.clock.engine())


def test_dropped_it_is_written_as_not_sent_and_the_way_goes_on(ready: Context) -> None:
    """Later emails of the same enrollment are not dropped with it."""
    _late(ready)
    assert _decide(ready, "drop") == 1
    tick(ready)
    assert mails(ready, "step", "state", "reason")[1] == ("second", "skipped", "late_dropped")
    assert places(ready, "state") == [("completed",)]
    assert passed(ready)[-1] == ("second", "skipped")


def test_a_pause_is_no_standstill_and_to_resume_is_a_persons_word(ready: Context) -> None:
    """Also when the server stood still within the pause."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    _house(ready, LATE)
    tick(ready)
    hand_over(ready)
    tick(ready)
    with ready.database.write() as conn:
        service.pause(conn, "hello", real=ready.clock.real(), actor="cli")
    _standstill(ready, 10 * DAY)
    with ready.database.write() as conn:
        service.resume(conn, "hello", now=ready.clock.engine(), real=ready.clock.real(), actor="cli")
    tick(ready)
    assert mails(ready, "step", "state")[1] == ("second", "queued")


def _deal(ready: Context, lead: int) -> None:
    now = ready.clock.engine()
    with ready.database.write() as conn:
        row = {"id": 1, "public_id": "d1", "lead_id": lead, "pipeline": "sales", "name": "A deal", "stage": "new"}
        more = {"state": "open", "automatic": False, "criteria": [], "cause": "t", "opened_at": now}
        conn.execute(opportunities.insert().values(**row, **more, stage_since=now))


def test_advertising_waits_for_the_deal_and_is_looked_at_when_it_is_closed(ready: Context) -> None:
    """Not a week later, by the calendar."""
    (lead,) = add_leads(ready, 1)
    _deal(ready, lead)
    apply(ready, HELLO)
    tick(ready)
    assert places(ready, "step", "held") == [("first", "deal_open")]
    assert mails(ready, "id") == []
    clock(ready).advance(HOUR)
    with ready.database.write() as conn:
        conn.execute(opportunities.update().values(state="lost"))
        examine(conn, [lead], ready.clock.engine(), ready.clock.real())
    tick(ready)
    assert mails(ready, "step", "planned_at") == [("first", ready.clock.engine())]


def test_care_goes_on_while_a_deal_is_open(ready: Context) -> None:
    """Only advertising is silent then."""
    (lead,) = add_leads(ready, 1)
    _deal(ready, lead)
    apply(ready, HELLO.replace("steps:", "sending: {class: care}\nsteps:"))
    tick(ready)
    assert mails(ready, "state") == [("queued",)]


def test_a_reply_silences_until_the_owner_has_looked(ready: Context) -> None:
    """Held, not left out; a second reply changes nothing, and one of the same cause is not told twice."""
    (lead,) = add_leads(ready, 1)
    apply(ready, HELLO)
    now, real = ready.clock.engine(), ready.clock.real()
    with ready.database.write() as conn:
        times = {"now": now, "real": real}
        assert replies.replied(conn, lead, **times, actor="lead", cause="mail:1", cause_key="mail:1", text=" Chào ")
        assert not replies.replied(conn, lead, **times, actor="lead", cause="mail:1", cause_key="mail:1")
        assert [one[0] for one in replies.waiting(conn)] == ["lead1"]
    tick(ready)
    assert places(ready, "step", "held") == [("first", "replied")]
    with ready.database.write() as conn:
        assert replies.looked(conn, lead, **times, **BY)
        assert not replies.looked(conn, lead, **times, **BY)
        examine(conn, [lead], now, real)
    clock(ready).advance(timedelta(seconds=1))
    tick(ready)
    assert mails(ready, "state") == [("queued",)]
    kinds = rows(
        ready,
        sa.select(activities.c.kind)
        .where(activities.c.kind.in_(["replied", "mail_resumed"]))
        .order_by(activities.c.id),
    )
    assert kinds == [(Kind.REPLIED.value,), (Kind.MAIL_RESUMED.value,)]


def test_who_is_stopped_by_hand_waits_and_goes_on_from_there(ready: Context) -> None:
    """One email for each campaign, however long the stop was; a stop outlives a reply that was looked at."""
    (lead,) = add_leads(ready, 1, paused_at=ready.clock.engine(), replied_at=ready.clock.engine())
    apply(ready, HELLO)
    now, real = ready.clock.engine(), ready.clock.real()
    with ready.database.write() as conn:
        assert replies.looked(conn, lead, now=now, real=real, **BY)
    tick(ready)
    assert places(ready, "step", "held") == [("first", "paused_by_hand")]
    clock(ready).advance(30 * DAY)
    with ready.database.write() as conn:
        conn.execute(leads.update().values(paused_at=None))
        examine(conn, [lead], ready.clock.engine(), real)
    tick(ready)
    assert mails(ready, "step", "planned_at") == [("first", ready.clock.engine())]


def test_all_that_is_due_of_a_lead_is_written_together(ready: Context) -> None:
    """More is due than one chunk takes: priority still orders a lead's mails, whichever campaign came due first."""
    add_leads(ready, 5)
    low, high = (
        f"key: {key}\nname: {key}\nentry: {{segment: everyone, existing: enroll}}\nsending: {{priority: {number}}}\n"
        "steps: [{id: first, send_email: hello}]\n"
        for key, number in (("a_low", 9), ("b_high", 1))
    )
    apply(ready, low, high)
    tick(ready, limit=2)
    assert sorted(mails(ready, "lead_id", "priority")) == [(1, 1), (1, 9), (2, 1), (2, 9)]
    tick(ready, limit=2)
    assert len(mails(ready, "lead_id")) == 8
