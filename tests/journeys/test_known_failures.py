"""Known failures of other systems, one journey each; what must not happen here.

Three of them stand where their stage is tested: enrollment twice by two triggers at once
(`test_enrollment_twice_by_two_triggers_at_once.py`), a webhook target down for a day
(`tests/storage/outbound/test_handing_over.py`), and times of day (`test_known_failures_of_time.py`).
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.definition import from_revision
from nurture.campaigns.landing import UnderWay
from nurture.campaigns.store import get
from nurture.consents.model import Method
from nurture.consents.service import Said, unsubscribe
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import settle
from nurture.engine.merging import merge
from nurture.engine.moving import settle_under_way
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments.tables import passages
from nurture.kernel.context import Context
from nurture.leads import service as lead_service
from nurture.messages.store import account
from nurture.messages.tables import messages
from nurture.scoring.tables import score_entries
from nurture.segments import store as segment_store
from nurture.tasks.tables import tasks
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits
from tests.journeys.playing import House, add_leads, gone, keep_house, leave, publish_emails, states
from tests.storage.selling import publish as publish_rules
from tests.storage.ticking import DAY, HELLO, HOUR, apply, clock, mails, places, rows
from tests.storage.tracking_ground import CHROME, add_hit

LONGER = HELLO.replace("wait: 2 days", "wait: 5 days").replace("send_email: again", "send_email: other")
OF_VIPS = HELLO.replace("segment: everyone", "segment: vips")
BY = {"actor": "user:1", "cause": "user:1"}


@pytest.fixture
def house(context: Context) -> House:
    """A running house with the emails that the journeys name."""
    publish_emails(context, "hello", "again", "other")
    return House(context)


def _tag(context: Context, lead: int, label: str, *, off: bool = False) -> None:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        (lead_service.untag if off else lead_service.tag)(conn, lead, label, now=now, real=real, **BY)


def _move_all(context: Context, key: str) -> int:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        facts = segment_store.facts(conn)
        stored = get(conn, key)
        assert stored is not None
        after = from_revision(stored.definition, facts)
        return settle_under_way(conn, key, after, UnderWay.MOVE, facts, now=now, real=real)


def test_a_step_edited_under_waiting_leads(house: House) -> None:
    """Who waits goes on as it was when they came; newcomers go the new way; nobody gets an email twice."""
    old = add_leads(house.context, 3)
    apply(house.context, HELLO)
    house.on(DAY)
    apply(house.context, LONGER)
    new = add_leads(house.context, 2)
    house.on(7 * DAY)
    letters = gone(house.context, "lead_id", "template_key", "planned_at")
    begun = {lead: planned for lead, key, planned in letters if key == "hello"}
    assert [(lead, key, planned - begun[lead]) for lead, key, planned in letters if key != "hello"] == [
        *((lead, "again", 2 * DAY) for lead in old),
        *((lead, "other", 5 * DAY) for lead in new),
    ]
    assert set(places(house.context, "state", "reason")) == {("completed", "done")}


def test_a_step_edited_under_waiting_leads_who_are_moved(house: House) -> None:
    """The longer wait counts from when they came to it, and the email behind it is the new one, once."""
    add_leads(house.context, 3)
    apply(house.context, HELLO)
    house.on(DAY)
    apply(house.context, LONGER)
    assert _move_all(house.context, "hello") == 3
    house.on(7 * DAY)
    letters = gone(house.context, "template_key", "planned_at")
    assert [key for key, _ in letters] == ["hello"] * 3 + ["other"] * 3
    assert {planned - letters[0][1] for key, planned in letters if key == "other"} == {5 * DAY}


def test_a_segment_left_during_a_wait(house: House) -> None:
    """Whoever is under way goes on to the end, and coming back to the segment brings nobody in a second time."""
    (lead,) = add_leads(house.context, 1)
    apply(house.context, OF_VIPS)
    _tag(house.context, lead, "vip")
    house.on(DAY)
    assert places(house.context, "step") == [("breathe",)]
    _tag(house.context, lead, "vip", off=True)
    house.on(HOUR)
    _tag(house.context, lead, "vip")
    house.on(3 * DAY)
    assert gone(house.context, "template_key") == [("hello",), ("again",)]
    assert places(house.context, "state", "reason") == [("completed", "done")]
    told = sa.select(decisions.c.reason).where(decisions.c.kind == "enroll", decisions.c.lead_id == lead)
    assert set(rows(house.context, told)) == {("already_enrolled",)}


def test_a_segment_left_during_a_wait_of_a_campaign_that_is_for_its_members(house: House) -> None:
    """With an exit condition that says so the lead leaves at once, not when its next step comes due."""
    (lead,) = add_leads(house.context, 1)
    apply(house.context, OF_VIPS.replace("steps:", "exit_when: {none: [{segment: vips}]}\nsteps:"))
    _tag(house.context, lead, "vip")
    house.on(DAY)
    _tag(house.context, lead, "vip", off=True)
    at = house.context.clock.engine()
    house.settle()
    assert places(house.context, "state", "reason", "ended_at") == [("exited", "exit_condition", at)]
    house.on(3 * DAY)
    assert gone(house.context, "template_key") == [("hello",)]


def test_a_reopened_email_scoring_again(house: House) -> None:
    """An email opened five times over three days gives its points once."""
    context = house.context
    publish_rules(context)
    (lead,) = add_leads(context, 1)
    apply(context, HELLO.replace("wait: 2 days", "wait: 30 days"))
    house.settle()
    ((message,),) = gone(context, "id")
    for _ in range(5):
        clock(context).advance(14 * HOUR)
        add_hit(context, message, "open", agent=CHROME)
        clock(context).advance(timedelta(minutes=2))
        ingest(context)
        house.settle()
    points = sa.select(score_entries.c.rule, sa.func.count(), sa.func.sum(score_entries.c.points))
    found = rows(context, points.where(score_entries.c.lead_id == lead).group_by(score_entries.c.rule))
    (once,) = [(count, total) for rule, count, total in found if rule == "opened"]
    assert once[0] == 1
    assert once[1] > 0
    assert rows(context, sa.select(sa.func.count()).select_from(hits)) == [(5,)]


def test_an_unsubscribe_during_a_wait(house: House) -> None:
    """The next email is written down as not sent, with the reason, and so is one that was in the queue already."""
    context = house.context
    first, second, third = add_leads(context, 3)
    apply(context, HELLO)
    house.on(DAY)
    _refuse(context, first)
    clock(context).advance(DAY)
    tick(context)  # the second email of two leads is queued; the relay has not asked for it
    _refuse(context, second)
    house.on(DAY)
    last = sa.select(messages.c.lead_id, messages.c.state, messages.c.reason).where(messages.c.step == "second")
    assert sorted(rows(context, last)) == [
        (first, "skipped", "unsubscribed"),
        (second, "skipped", "unsubscribed"),
        (third, "sent", ""),
    ]
    assert set(places(context, "state", "waits_for")) == {("completed", None)}
    with context.database.read() as conn:
        told = account(conn, "hello")
    assert told["audience"] == sum(told["states"].values()) == 6


def _refuse(context: Context, lead: int) -> None:
    said = Said(Method.FORM, "unsubscribe", "lead", "test", context.clock.engine(), context.clock.real())
    with context.database.write() as conn:
        unsubscribe(conn, context.keys, lead, f"lead{lead}@example.vn", said)


THREE = ("low", 9), ("high", 1), ("middle", 5)


def _hand_over_as(context: Context, sender: str, barrier: threading.Barrier) -> None:
    """One of several workers: reserve a few, let them go, settle what the relay has said; until nothing is left."""
    barrier.wait(10)
    for _ in range(40):
        with context.database.write() as conn:
            at = context.database.now(conn)
            times = {"now": context.clock.engine(), "real": context.clock.real(), "at": at}
            ids = store.reserve(conn, sender, 5, lease=timedelta(seconds=60), **times)
        if not ids:
            continue
        with context.database.write() as conn:
            letters = go(conn, context, sender, ids, at=context.database.now(conn))
        with context.database.write() as conn:
            reports = [Report(one.message_id, one.fence, Phase.ANSWERED, 250, "2.0.0", sender) for one in letters]
            settle(conn, context, sender, sender, reports)


def test_a_cap_hit_by_three_campaigns_at_once(house: House) -> None:
    """Of three emails to each lead exactly two go, by priority, whichever workers race; the third goes when it may."""
    context = house.context
    ids = add_leads(context, 12)
    apply(
        context,
        *(f"{HELLO}sending: {{priority: {rank}}}\n".replace("key: hello", f"key: {key}") for key, rank in THREE),
    )
    keep_house(context, "cap: 2 in 7 days")
    tick(context)
    assert states(context) == {"queued": 36}
    barrier = threading.Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(_hand_over_as, context, f"worker{n}", barrier) for n in range(3)]:
            done.result()
    for _ in range(3):  # who stood behind in line asks again a moment later
        clock(context).advance(timedelta(seconds=2))
        house.settle()
    assert sorted(gone(context, "lead_id", "priority")) == sorted((lead, rank) for lead in ids for rank in (1, 5))
    waiting = sa.select(messages.c.priority, messages.c.state, messages.c.reason).where(messages.c.gone_at.is_(None))
    assert rows(context, waiting) == [(9, "queued", "capped")] * 12
    house.on(30 * DAY)
    letters = gone(context, "lead_id", "gone_at")
    assert len(letters) == 6 * 12
    for lead in ids:
        times = [at for one, at in letters if one == lead]
        assert all(third - first >= 7 * DAY for first, third in zip(times, times[2:], strict=False))


TWO_AND_A_CALL = """
key: hello
name: Hello
entry: {segment: everyone, existing: enroll}
sending: {class: care}
steps:
  - {id: first, send_email: hello}
  - id: call
    task:
      kind: call
      outcomes: {done: [{id: second, send_email: again}]}
      timeout: {after: 5 days, then: [{id: late, send_email: other}]}
"""


@pytest.mark.parametrize("text", [HELLO, TWO_AND_A_CALL], ids=["waiting", "waiting for a task"])
def test_a_lead_merged_while_enrolled(house: House, text: str) -> None:
    """The loser leaves at once with the reason, nothing of it is sent any more, the winner goes on alone."""
    context = house.context
    winner, loser = add_leads(context, 2)
    apply(context, text)
    house.on(DAY)
    _merge(context, loser, winner)
    house.settle()
    assert places(context, "lead_id", "state", "reason") == [(winner, "active", None), (winner, "exited", "merged")]
    house.on(9 * DAY)
    mine, theirs = f"lead{winner}@example.vn", f"lead{loser}@example.vn"
    assert [address for (address,) in gone(context, "address")] == [mine, theirs, mine]
    assert places(context, "lead_id", "state")[0] == (winner, "completed")
    assert not rows(context, sa.select(tasks.c.id).where(tasks.c.lead_id == loser))


def test_a_lead_merged_while_its_email_is_queued(house: House) -> None:
    """The email is taken back, though the winner has the same campaign before it."""
    context = house.context
    winner, loser = add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    _merge(context, loser, winner)
    house.settle()
    assert mails(context, "lead_id", "state", "reason") == [(winner, "sent", ""), (winner, "canceled", "merged")]


def _merge(context: Context, loser: int, winner: int) -> None:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        merge(conn, context.keys, loser, winner, now=now, real=real, actor="cli")


def test_a_goal_reached_between_two_steps(house: House) -> None:
    """The lead leaves at that instant, not when the next step comes due, and an email not yet gone is taken back."""
    context = house.context
    waiting, queued, other = add_leads(context, 3)
    apply(context, HELLO.replace("steps:", "goal: {tag: won}\nsteps:"))
    house.on(DAY)
    _tag(context, waiting, "won")
    at = context.clock.engine()
    house.settle()
    assert places(context, "state", "reason", "ended_at")[0] == ("exited", "goal_reached", at)
    clock(context).advance(DAY)
    tick(context)
    _tag(context, queued, "won")
    react(context, after=(leave,))
    house.on(3 * DAY)
    last = sa.select(messages.c.lead_id, messages.c.state, messages.c.reason).where(messages.c.step == "second")
    assert rows(context, last) == [(queued, "canceled", "goal_reached"), (other, "sent", "")]
    assert places(context, "lead_id", "state", "reason")[1:] == [
        (queued, "exited", "goal_reached"),
        (other, "completed", "done"),
    ]
    steps = sa.select(sa.func.count()).select_from(passages).where(passages.c.step == "breathe")
    assert rows(context, steps) == [(2,)]
