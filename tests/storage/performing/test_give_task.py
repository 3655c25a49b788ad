"""The effect GiveTask: one task for each enrollment, step and round; the enrollment goes on by what comes of it."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from nurture.activities.tables import decisions
from nurture.engine.leave import take_out
from nurture.engine.performing.give_task import perform
from nurture.engine.scene import Asked, Scene
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.tasks import service
from nurture.users.model import Role
from tests.storage import selling
from tests.storage.tasking import CALL, LOOSE, found, go_on, hand
from tests.storage.ticking import DAY, HOUR, add_leads, apply, clock, passed, places, rows


def _campaign(context: Context, text: str = CALL, count: int = 1, **facts: Any) -> list[int]:
    ids = add_leads(context, count, **facts)
    apply(context, text)
    tick(context)
    return ids


def test_a_task_is_given_once_however_often_the_enrollment_is_looked_at(context: Context) -> None:
    """It is open, due a day after the lead came to the step, and says where it comes from."""
    person = selling.person(context)
    now = context.clock.engine()
    _campaign(context, owner_id=person.id)
    with context.database.write() as conn:
        conn.execute(enrollments.update().values(due_at=now))
    tick(context)
    names = ("state", "kind", "title", "due_at", "for_owner", "campaign_key", "step", "occurrence", "waits")
    assert found(context, *names) == [
        ("open", "call", {"vi": "Gọi lại", "en": "Call back"}, now + DAY, True, "calls", "call", 1, True)
    ]
    assert places(context, "state", "step") == [("active", "call")]


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        pytest.param("interested", ["call", "engaged", "end"], id="reached"),
        pytest.param("busy", ["call", "again", "end"], id="not reached"),
        pytest.param("no_need", ["call", "end"], id="what the campaign does not list leads straight on"),
    ],
)
def test_the_enrollment_goes_on_as_soon_as_it_is_said(context: Context, said: str, steps: list[str]) -> None:
    """By the outcome's way, and counted from the moment it was said."""
    person = selling.person(context)
    _campaign(context, owner_id=person.id)
    clock(context).advance(5 * HOUR)
    with context.database.write() as conn:
        service.finish(conn, hand(context, person), 1, said)
    finished = context.clock.engine()
    clock(context).advance(HOUR)
    go_on(context)
    while places(context, "state") == [("active",)]:
        tick(context)
    assert [step for step, _ in passed(context)] == steps
    assert rows(context, sa.select(enrollments.c.planned_at)) == [(finished,)]
    assert found(context, "state", "ended_by") == [("done", person.actor)]


def test_when_nobody_says_anything_the_timeout_leads_on_and_the_task_is_canceled(context: Context) -> None:
    """With the reason, for everybody to see."""
    person = selling.person(context)
    _campaign(context, owner_id=person.id)
    clock(context).advance(3 * DAY)
    tick(context)
    assert passed(context) == [("call", "timeout"), ("late", "done"), ("end", "done")]
    assert found(context, "state", "reason", "ended_by") == [("canceled", "task_timed_out", "engine")]


def test_who_leaves_the_campaign_leaves_no_task_that_it_waits_for(context: Context) -> None:
    """Canceled, with the reason of leaving; another's stays."""
    person = selling.person(context)
    _campaign(context, count=2, owner_id=person.id)
    with context.database.write() as conn:
        take_out(conn, [1], now=context.clock.engine(), real=context.clock.real())
    assert found(context, "lead_id", "state", "reason") == [(1, "canceled", "left_by_hand"), (2, "open", "")]


def test_a_task_that_nobody_waits_for_outlives_the_campaign(context: Context) -> None:
    """The lead goes straight on; the person still has it to do."""
    person = selling.person(context)
    _campaign(context, LOOSE, owner_id=person.id)
    assert passed(context) == [("call", "done")]
    with context.database.write() as conn:
        take_out(conn, [1], now=context.clock.engine(), real=context.clock.real())
    assert found(context, "state", "waits", "note") == [
        ("open", False, {"vi": "Bring the catalog", "en": "Bring the catalog"})
    ]


def test_a_task_canceled_by_hand_lets_the_campaign_go_straight_on(context: Context) -> None:
    """It does not wait for what will never be said."""
    person = selling.person(context)
    _campaign(context, owner_id=person.id)
    with context.database.write() as conn:
        service.cancel(conn, hand(context, person), 1, "Đã gặp trực tiếp")
    go_on(context)
    assert passed(context) == [("call", "canceled"), ("end", "done")]


@pytest.mark.parametrize("whom", ["owner", "gone@house.example", "nobody@house.example"])
def test_a_task_that_nobody_can_do_waits_for_somebody_with_the_reason(context: Context, whom: str) -> None:
    """No owner, an account that is closed, or none at all."""
    selling.person(context, name="Gone", disabled_at=context.clock.engine())
    _campaign(context, CALL.replace("kind: call", f"kind: call\n      for: {whom}"))
    assert found(context, "state", "owner_id", "for_owner") == [("open", None, whom == "owner")]
    tick(context)
    kept = rows(context, sa.select(decisions.c.subject, decisions.c.outcome, decisions.c.reason))
    assert kept[-1:] == [("enrollment:1/call/1", "later", "no_salesperson")]
    assert len([row for row in kept if row.reason == "no_salesperson"]) == 1


def test_a_task_for_somebody_by_name_is_theirs(context: Context) -> None:
    """Whoever owns the lead."""
    owner, other = selling.person(context), selling.person(context, Role.MARKETER, "Boss")
    _campaign(context, CALL.replace("kind: call", "kind: call\n      for: boss@house.example"), owner_id=owner.id)
    assert found(context, "owner_id", "for_owner") == [(other.id, False)]
    assert rows(context, sa.select(decisions.c.reason).where(decisions.c.reason == "no_salesperson")) == []


def test_a_late_tick_leaves_as_long_as_the_step_says(context: Context) -> None:
    """What is given late is not overdue from the start."""
    person = selling.person(context)
    add_leads(context, 1, owner_id=person.id)
    apply(context, CALL.replace("steps:", "steps:\n  - {id: first, wait: 1 hour}").replace("3 days", "30 days"))
    tick(context)
    clock(context).advance(4 * DAY)
    tick(context)
    assert found(context, "due_at") == [(context.clock.engine() + DAY,)]


def test_many_tasks_cost_no_more_statements_than_few(context: Context) -> None:
    """A fixed number for all together."""
    person = selling.person(context)
    _campaign(context, count=40, owner_id=person.id)
    now, real = context.clock.engine(), context.clock.real()

    def statements(count: int, step: str) -> int:
        seen: list[str] = []

        def see(*args: Any) -> None:
            seen.append(args[2])

        asked = [_asked(number, step) for number in range(1, count + 1)]
        event.listen(context.database.engine, "before_cursor_execute", see)
        with context.database.write() as conn:
            perform(conn, asked, Scene(now, real, context.settings, {}, {}))
        event.remove(context.database.engine, "before_cursor_execute", see)
        return len([one for one in seen if not one.startswith(("BEGIN", "SELECT pg_"))])

    assert statements(40, "many") <= statements(2, "few") + 1
    with context.database.write() as conn:
        conn.execute(leads.update().values(owner_id=None))
    assert statements(40, "none") <= statements(2, "any") + 1


def _asked(number: int, step: str) -> Asked[Any]:
    from nurture.campaigns.effects import GiveTask
    from nurture.engine.settle import Moved
    from nurture.enrollments.model import Deed, EnrollmentState, Move, Place
    from nurture.tasks.model import TaskKind
    from tests.conftest import START

    effect = GiveTask(TaskKind.CALL, {}, {}, DAY, waits=True)
    place = Place(number, 1, 1, number, step, 1, START, START, START)
    move = Move(EnrollmentState.ACTIVE, step, 1, START, START, START)
    return Asked(Moved(place, "calls", None, move), Deed(step, 1, effect, START), effect)
