"""A tick moves on what is due, once, with a reason for everything it does not do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions
from nurture.campaigns import service as campaign_service
from nurture.campaigns.tables import campaigns
from nurture.consents.tables import suppressions
from nurture.engine.leave import examine, take_out
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments, entry_marks
from nurture.kernel.context import Context
from nurture.leads.tables import lead_tags, leads
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.storage.ticking import (
    DAY,
    HELLO,
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


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the tests name."""
    publish_emails(context, "hello", "again", "staff_notify")
    return context


def test_a_lead_goes_from_step_to_step(ready: Context) -> None:
    """One mail at entry, another after the wait, then the way is over."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    start = ready.clock.engine()
    tick(ready)
    assert mails(ready, "step", "state", "planned_at") == [("first", "queued", start)]
    hand_over(ready)
    tick(ready)
    assert places(ready, "state", "step", "due_at") == [("active", "breathe", start + 2 * DAY)]
    clock(ready).advance(2 * DAY)
    tick(ready)
    assert mails(ready, "step", "state", "planned_at")[1] == ("second", "queued", start + 2 * DAY)
    assert places(ready, "state", "step") == [("active", None)]
    hand_over(ready)
    tick(ready)
    assert places(ready, "state", "reason") == [("completed", "done")]
    assert passed(ready) == [("first", "done"), ("breathe", "done"), ("second", "done")]


def test_nothing_moves_before_the_mail_has_gone(ready: Context) -> None:
    """A mail that the relay will not take holds its enrollment."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    tick(ready)
    clock(ready).advance(5 * DAY)
    report = tick(ready)
    assert report.advanced == 0
    assert len(mails(ready, "id")) == 1


def test_two_mails_never_arrive_side_by_side(ready: Context) -> None:
    """When the first went three days late, the wait counts from when it went."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    tick(ready)
    clock(ready).advance(3 * DAY)
    gone = ready.clock.engine()
    hand_over(ready)
    tick(ready)
    assert places(ready, "step", "due_at") == [("breathe", gone + 2 * DAY)]


def test_a_tick_after_a_stop_catches_up_once(ready: Context) -> None:
    """An hour late: the mail is written once, and planned for when it was due."""
    add_leads(ready, 3)
    apply(ready, HELLO)
    start = ready.clock.engine()
    tick(ready)
    hand_over(ready)
    tick(ready)
    clock(ready).advance(2 * DAY + HOUR)
    for _ in range(3):
        tick(ready)
    second = [row for row in mails(ready, "step", "planned_at", "not_before") if row[0] == "second"]
    assert second == [("second", start + 2 * DAY, start + 2 * DAY)] * 3


DECIDED_COUNT = sa.select(sa.func.count()).select_from(decisions)
WINDOWED = HELLO + 'sending: {window: {days: mon-sat, from: "08:00", to: "20:00"}, cap: 2 in 7 days}\n'


def test_outside_the_window_the_enrollment_waits(ready: Context) -> None:
    """It says why and until when, and the next step counts from the opening."""
    clock(ready).advance(13 * HOUR)  # 22:00 in Hanoi
    add_leads(ready, 1)
    apply(ready, WINDOWED)
    tick(ready)
    opens = ready.clock.engine() + 10 * HOUR
    assert mails(ready, "id") == []
    assert places(ready, "step", "due_at", "held") == [("first", opens, "quiet_hours")]
    clock(ready).advance(10 * HOUR + timedelta(minutes=5))
    tick(ready)
    assert mails(ready, "state", "planned_at") == [("queued", opens)]
    hand_over(ready)
    tick(ready)
    assert places(ready, "step", "due_at", "held") == [("breathe", opens + 2 * DAY, None)]
    told = rows(ready, sa.select(decisions.c.kind, decisions.c.outcome, decisions.c.reason))
    assert told == [("send", "later", "quiet_hours")]


def test_the_window_is_read_in_the_leads_zone(ready: Context) -> None:
    """At nine in Hanoi it is night in Berlin."""
    add_leads(ready, 1, zone="Europe/Berlin")
    apply(ready, WINDOWED)
    tick(ready)
    assert places(ready, "held", "due_at") == [("quiet_hours", ready.clock.engine() + 5 * HOUR)]


def test_over_the_cap_the_enrollment_waits_for_a_slot(ready: Context) -> None:
    """Two mails went in seven days; the third waits until the first falls out."""
    (lead,) = add_leads(ready, 1)
    other = WINDOWED.replace("key: hello", "key: other")
    third = WINDOWED.replace("key: hello", "key: third").replace("segment: everyone", "segment: vips")
    apply(ready, WINDOWED, other, third)
    start = ready.clock.engine()
    tick(ready)
    hand_over(ready)
    with ready.database.write() as conn:
        conn.execute(sa.text("INSERT INTO tags (key, label) VALUES ('vip', 'vip')"))
        conn.execute(lead_tags.insert().values(lead_id=lead, tag="vip", at=start))
    clock(ready).advance(DAY)
    tick(ready, refresh=True)  # nobody was told of the tag
    assert places(ready, "held", "due_at")[2] == ("capped", start + 7 * DAY)
    assert len(mails(ready, "id")) == 2


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"agreed": False}, "no_consent", id="no consent"),
        pytest.param({"email": None, "phone": "+84901234567"}, "no_address", id="no address"),
    ],
)
def test_a_known_refusal_is_written_down_and_the_way_goes_on(
    ready: Context, facts: dict[str, object], reason: str
) -> None:
    """The message is there with its reason, and nobody waits for it."""
    add_leads(ready, 1, **facts)
    apply(ready, HELLO)
    tick(ready)
    assert mails(ready, "state", "reason") == [("skipped", reason)]
    assert places(ready, "state", "step") == [("active", "breathe")]
    assert passed(ready) == [("first", "skipped")]


def test_who_unsubscribed_is_skipped(ready: Context) -> None:
    """An address on the suppression list gets nothing."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    with ready.database.write() as conn:
        row = {"address_hash": ready.keys.address_hash("lead1@example.vn"), "channel": "email"}
        more = {"reason": "unsubscribed", "origin": "test", "at": ready.clock.engine()}
        conn.execute(suppressions.insert().values(**row, **more))
    tick(ready)
    assert mails(ready, "state", "reason") == [("skipped", "unsubscribed")]


def test_an_email_that_was_never_published_is_skipped(ready: Context) -> None:
    """The reason names it."""
    add_leads(ready, 1)
    apply(ready, HELLO.replace("send_email: hello", "send_email: gone"))
    tick(ready)
    assert mails(ready, "state", "reason", "detail") == [("skipped", "no_template", {"email": "gone"})]


BRANCHED = """
key: branched
name: Branched
entry: {segment: everyone, existing: enroll}
steps:
  - {id: hello, send_email: hello}
  - {id: breathe, wait: 2 days}
  - id: clicked
    branch:
      when: {clicked: {email: hello, within: 7 days}}
      then:
        - {id: mark, add_tag: Đã bấm}
        - id: marked
          branch:
            when: {tag: đã bấm}
            then: [{id: out, exit: seen enough}]
      else:
        - {id: remind, send_email: again}
"""


def test_a_branch_looks_when_it_comes_due_and_sees_the_tag_just_given(ready: Context) -> None:
    """Who clicked is marked and leaves, who did not is reminded."""
    eager, _ = add_leads(ready, 2)
    apply(ready, BRANCHED)
    tick(ready)
    hand_over(ready)
    act(ready, eager, Kind.CLICKED, email_key="hello")
    clock(ready).advance(2 * DAY)
    tick(ready)
    assert places(ready, "state", "reason") == [("exited", "exit_step"), ("active", None)]
    assert rows(ready, sa.select(lead_tags.c.lead_id, lead_tags.c.tag)) == [(eager, "da_bam")]
    assert mails(ready, "step", "lead_id")[2][0] == "remind"


def test_the_exit_condition_is_looked_at_when_a_step_comes_due(ready: Context) -> None:
    """Who is hot leaves before the second mail, with the reason."""
    (lead,) = add_leads(ready, 1)
    apply(ready, HELLO + "exit_when: {temperature: hot}\n")
    tick(ready)
    hand_over(ready)
    tick(ready)
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lead).values(temperature="hot"))
    clock(ready).advance(2 * DAY)
    tick(ready)
    ((state, reason, detail),) = places(ready, "state", "reason", "detail")
    assert (state, reason) == ("exited", "exit_condition")
    assert detail["condition"]
    assert len(mails(ready, "id")) == 1


def test_a_goal_reached_meanwhile_takes_back_the_queued_mail(ready: Context) -> None:
    """An opportunity after the entry: the enrollment leaves at once, its mail is canceled."""
    lead, other = add_leads(ready, 2)
    act(ready, other, Kind.OPPORTUNITY_OPENED)
    clock(ready).advance(HOUR)
    apply(ready, HELLO + "goal: {opportunity: opened}\n")
    tick(ready)
    clock(ready).advance(HOUR)
    act(ready, lead, Kind.OPPORTUNITY_OPENED)
    with ready.database.write() as conn:
        now = ready.clock.engine()
        assert len(examine(conn, [lead, other], now, now)) == 1
    assert places(ready, "lead_id", "state", "reason", "waits_for") == [
        (lead, "exited", "goal_reached", None),
        (other, "active", None, 2),
    ]
    assert mails(ready, "state", "reason") == [("canceled", "goal_reached"), ("queued", "")]


def test_a_paused_campaign_stands_still(ready: Context) -> None:
    """Nobody enters, nobody moves; it goes on where it was."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    now = ready.clock.engine()
    with ready.database.write() as conn:
        campaign_service.pause(conn, "hello", real=now, actor="cli")
    tick(ready)
    assert places(ready, "id") == []
    with ready.database.write() as conn:
        campaign_service.resume(conn, "hello", now=now, real=now, actor="cli")
    tick(ready)
    hand_over(ready)
    tick(ready)
    with ready.database.write() as conn:
        campaign_service.pause(conn, "hello", real=now, actor="cli")
    clock(ready).advance(3 * DAY)
    assert tick(ready).advanced == 0


def test_who_is_in_a_campaign_that_is_put_away_leaves(ready: Context) -> None:
    """With the reason, and with the mails taken back."""
    add_leads(ready, 2)
    apply(ready, HELLO)
    tick(ready)
    with ready.database.write() as conn:
        campaign_service.archive(conn, "hello", real=ready.clock.real(), actor="cli")
    assert tick(ready).stopped == 2
    assert places(ready, "state", "reason") == [("exited", "campaign_stopped")] * 2
    assert mails(ready, "state") == [("canceled",)] * 2


def test_a_lead_taken_out_by_hand_leaves_with_the_reason(ready: Context) -> None:
    """The timeline says who did it."""
    add_leads(ready, 1)
    apply(ready, HELLO)
    tick(ready)
    ((one,),) = places(ready, "id")
    now = ready.clock.engine()
    with ready.database.write() as conn:
        assert take_out(conn, [one], now=now, real=now, actor="user:1") == [one]
        assert take_out(conn, [one], now=now, real=now, actor="user:1") == []
    lines = sa.select(activities.c.kind, activities.c.actor).where(activities.c.kind == "left_campaign")
    assert rows(ready, lines) == [("left_campaign", "user:1")]


def test_a_failing_enrollment_is_put_off_and_blocks_nobody(ready: Context) -> None:
    """It shows the error, is tried again later, and is given up after the fifth time."""
    add_leads(ready, 2)
    apply(ready, HELLO)
    tick(ready)
    hand_over(ready)
    tick(ready)
    with ready.database.write() as conn:
        conn.execute(enrollments.update().where(enrollments.c.id == 1).values(step="no_such_step"))
    clock(ready).advance(2 * DAY)
    report = tick(ready)
    assert (report.advanced, report.failed) == (2, 1)
    (bad, good) = places(ready, "state", "held", "attempts", "step")
    assert bad == ("active", "step_failed", 1, "no_such_step")
    assert good[3] is None
    for _ in range(4):
        clock(ready).advance(DAY)
        tick(ready)
    assert places(ready, "state", "reason", "attempts")[0] == ("failed", "step_failed", 5)


def _owner(context: Context) -> int:
    """A salesperson who reads English."""
    row = {"email": "an@house.example", "name": "An", "role": "sales", "language": "en", "working_hours": {}}
    with context.database.write() as conn:
        insert = users.insert().values(**row, created_at=context.clock.real())
        return int(conn.execute(insert.returning(users.c.id)).scalar_one())


TOLD = """
key: told
name: Told
entry: {segment: everyone, existing: enroll}
steps: [{id: tell, notify_owner: {vi: Gọi ngay, en: Call now}}]
"""


def test_an_effect_that_cannot_be_performed_fails_alone(ready: Context) -> None:
    """A lead whose fields are damaged puts off its own enrollment, the chunk's others go."""
    owner = _owner(ready)
    add_leads(ready, 2, owner_id=owner)
    add_leads(ready, 1, owner_id=owner, fields=[1, 2])
    add_leads(ready, 2, owner_id=owner)
    apply(ready, TOLD)
    report = tick(ready)
    assert (report.advanced, report.queued, report.failed) == (5, 4, 1)
    assert [row[0] for row in places(ready, "held")] == [None, None, "step_failed", None, None]


def test_the_owner_is_told_or_it_is_said_that_there_is_none(ready: Context) -> None:
    """A mail to the owner in the owner's language; a decision where nobody owns the lead."""
    owner = _owner(ready)
    add_leads(ready, 1, owner_id=owner)
    add_leads(ready, 1)
    apply(ready, TOLD)
    tick(ready)
    found = mails(ready, "purpose", "user_id", "template_key", "language", "values_")
    assert [row[:4] for row in found] == [("alert", owner, "staff_notify", "en")]
    assert found[0][4]["title"] == "Call now"
    assert rows(ready, sa.select(decisions.c.kind, decisions.c.reason)) == [("step", "no_salesperson")]
    assert places(ready, "state") == [("completed",), ("completed",)]


def test_a_kill_between_any_two_statements_loses_and_doubles_nothing(ready: Context) -> None:
    """The n-th statement of a tick never returns; the tick after it does all, once."""
    add_leads(ready, 3)
    apply(ready, HELLO)
    engine = ready.database.engine
    for fatal in range(1, 200):
        count = 0

        def die(*_args: object, fatal: int = fatal) -> None:
            nonlocal count
            count += 1
            if count == fatal:
                raise KeyboardInterrupt

        sa.event.listen(engine, "before_cursor_execute", die)
        try:
            tick(ready, refresh=True)
        except KeyboardInterrupt:
            continue
        finally:
            sa.event.remove(engine, "before_cursor_execute", die)
        break
    assert fatal > 20
    assert places(ready, "lead_id") == [(1,), (2,), (3,)]
    assert mails(ready, "lead_id", "step", "state") == [(lead, "first", "queued") for lead in (1, 2, 3)]
    assert rows(ready, sa.select(sa.func.count()).select_from(messages)) == [(3,)]
    entered = sa.select(sa.func.count()).where(activities.c.kind == "enrolled")
    assert rows(ready, entered) == [(3,)]


@pytest.mark.parametrize("count", [1_000, 2_000])
def test_statements_do_not_grow_with_rows(ready: Context, count: int) -> None:
    """At most sixty statements for each thousand enrollments that come due together."""
    add_leads(ready, count)
    apply(ready, BRANCHED)
    tick(ready)
    hand_over(ready)
    tick(ready)
    clock(ready).advance(2 * DAY)
    statements = 0

    def note(*_args: object) -> None:
        nonlocal statements
        statements += 1

    sa.event.listen(ready.database.engine, "before_cursor_execute", note)
    try:
        report = tick(ready, refresh=False)
    finally:
        sa.event.remove(ready.database.engine, "before_cursor_execute", note)
    assert (report.advanced, report.queued) == (count, count)
    assert statements <= 60 * count / 1000


def test_a_tick_that_finds_nothing_writes_nothing(ready: Context) -> None:
    """Nor does it wait to write: how far an entry has looked is noted every five minutes."""
    add_leads(ready, 2)
    apply(
        ready,
        HELLO,
        HELLO.replace("hello", "gone"),
        HELLO.replace("hello", "hand").replace("{segment: everyone, existing: enroll}", "{by_hand: true}"),
    )
    tick(ready)
    with ready.database.write() as conn:
        campaign_service.archive(conn, "gone", real=ready.clock.real(), actor="cli")
    assert tick(ready).stopped == 2
    changes: list[str] = []

    def note(*given: Any) -> None:
        changes.append(str(given[2]))

    sa.event.listen(ready.database.engine, "before_cursor_execute", note)
    try:
        clock(ready).advance(timedelta(minutes=4))
        tick(ready)
        idle = [one for one in changes if one != "BEGIN" and not one.startswith("SELECT")]
        clock(ready).advance(HOUR)
        tick(ready)
    finally:
        sa.event.remove(ready.database.engine, "before_cursor_execute", note)
    assert idle == []
    noted = sa.select(entry_marks.c.until).join(campaigns, campaigns.c.id == entry_marks.c.campaign_id)
    assert rows(ready, noted.where(campaigns.c.key == "hello")) == [(ready.clock.engine(),)]
    add_leads(ready, 1)
    assert tick(ready, refresh=True).looked_at == 1


def test_ticks_at_the_same_time_do_everything_once(ready: Context) -> None:
    """Three at once, as when a lease changes hands: one enrollment, one mail, one passage each."""
    add_leads(ready, 300)
    apply(ready, BRANCHED)
    for _ in range(3):
        with ThreadPoolExecutor(3) as pool:
            reports = [job.result() for job in [pool.submit(tick, ready, refresh=True) for _ in range(3)]]
        assert sum(report.failed for report in reports) == 0
        hand_over(ready)
        clock(ready).advance(2 * DAY)
    written = sa.select(messages.c.lead_id, messages.c.step)
    found = rows(ready, written)
    assert len(found) == len(set(found)) == 600
    assert len(places(ready, "id")) == 300
    assert len(passed(ready)) == 300 * 4
    assert rows(ready, DECIDED_COUNT) == [(0,)]
