"""Tasks by people: who sees them and may act, what finishing one leaves behind, where they go with the lead."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, reactions
from nurture.engine.react import react
from nurture.engine.upkeep import upkeep
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from nurture.kernel.reasons import Reason
from nurture.leads import service as lead_service
from nurture.leads.tables import leads
from nurture.rules.evaluate import evaluate
from nurture.rules.parse import parse
from nurture.rules.sql import to_sql
from nurture.scoring.tables import score_entries
from nurture.segments.store import built_in
from nurture.segments.view import view
from nurture.tasks import service, store
from nurture.tasks.model import NewTask, Task, TaskKind, TaskState
from nurture.tasks.store import Whose
from nurture.users.model import Person, Role
from nurture.users.tables import audit, users
from tests.storage import selling
from tests.storage.tasking import found, hand
from tests.storage.ticking import clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Act = Callable[[Any, Any, int], Any]


def _give(context: Context, by: Person, lead: str = "pmai", kind: TaskKind = TaskKind.CALL, **parts: Any) -> Task:
    new = NewTask(kind, parts.pop("due_at", context.clock.engine() + HOUR), **parts)
    with context.database.write() as conn:
        return service.give(conn, hand(context, by), lead, new)


def _finish(context: Context, by: Person, task: Task, said: str, note: str = "", then: NewTask | None = None) -> Task:
    with context.database.write() as conn:
        return service.finish(conn, hand(context, by), task.id, said, note, then)


def _lines(context: Context, *kinds: Kind) -> list[Any]:
    columns = activities.c.kind, activities.c.detail, activities.c.cause, activities.c.withdrawn_at
    query = sa.select(*columns).where(activities.c.kind.in_([kind.value for kind in kinds])).order_by(activities.c.id)
    with context.database.read() as conn:
        return list(conn.execute(query))


def _waiting(context: Context, person: Person, whose: Whose | None = None) -> list[int]:
    with context.database.read() as conn:
        return [one.id for one in store.waiting(conn, person, whose or Whose(person.id)).tasks]


# giving


def test_a_task_made_by_hand_is_for_the_owner_and_in_the_words_of_who_made_it(context: Context) -> None:
    """With its audit line."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    task = _give(context, an, title="  Gọi\nlại ", note="Hỏi về giá")
    assert (task.title, task.note, task.owner_id, task.for_owner) == (
        {"vi": "Gọi lại"}, {"vi": "Hỏi về giá"}, an.id, True,
    )  # fmt: skip
    assert (task.state, task.about.called, task.created_by) == (TaskState.OPEN, "Mai", an.actor)
    with context.database.read() as conn:
        assert conn.execute(sa.select(audit.c.action, audit.c.subject)).all() == [("task.give", f"task:{task.id}")]


@pytest.mark.parametrize("off", [-2 * DAY, timedelta(days=4000)])
def test_a_task_is_due_on_a_day_that_is_not_over(context: Context, off: timedelta) -> None:
    """Nor in another life."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    with pytest.raises(InputError):
        _give(context, an, due_at=context.clock.engine() + off)


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_only_who_may_work_is_given_tasks(context: Context, role: Role | None) -> None:
    """No viewer, nobody whose account is closed."""
    an = selling.person(context)
    gone = {"disabled_at": context.clock.engine()} if role is None else {}
    other = selling.person(context, role or Role.SALES, "Binh", **gone)
    selling.lead(context, owner_id=an.id)
    with pytest.raises(InputError):
        _give(context, an, owner_id=other.id)


# who may


_ACTS: dict[str, Act] = {
    "finish": lambda conn, by, task: service.finish(conn, by, task, "interested"),
    "cancel": service.cancel,
    "put off": lambda conn, by, task: service.put_off(conn, by, task, by.now + DAY),
    "reassign": lambda conn, by, task: service.reassign(conn, by, task, None),
    "reopen": service.reopen,
}


@pytest.mark.parametrize("act", _ACTS.values(), ids=_ACTS)
def test_another_salespersons_task_is_not_there(context: Context, act: Act) -> None:
    """As the lead is not."""
    an, binh = selling.person(context), selling.person(context, name="Binh")
    selling.lead(context, owner_id=an.id)
    task = _give(context, an)
    with context.database.write() as conn, pytest.raises(NotFoundError):
        act(conn, hand(context, binh), task.id)
    assert _waiting(context, binh, Whose()) == []


@pytest.mark.parametrize("act", _ACTS.values(), ids=_ACTS)
def test_a_viewer_looks_and_changes_nothing(context: Context, act: Act) -> None:
    """Every task is there for them."""
    an, viewer = selling.person(context), selling.person(context, Role.VIEWER, "Xem")
    selling.lead(context, owner_id=an.id)
    task = _give(context, an)
    assert _waiting(context, viewer, Whose()) == [task.id]
    with context.database.write() as conn, pytest.raises(ForbiddenError):
        act(conn, hand(context, viewer), task.id)


def test_whoever_is_given_a_task_may_do_it_though_the_lead_is_anothers(context: Context) -> None:
    """They see the task, and not the lead's page."""
    boss, an = selling.person(context, Role.MARKETER, "Boss"), selling.person(context)
    binh = selling.person(context, name="Binh")
    selling.lead(context, owner_id=an.id)
    task = _give(context, boss, owner_id=binh.id)
    assert (_waiting(context, binh), _waiting(context, an)) == ([task.id], [])
    assert _waiting(context, an, Whose()) == [task.id]
    assert _finish(context, binh, task, "busy").ended_by == binh.actor


# finishing


def test_a_finished_call_stands_in_the_timeline_as_a_call_and_as_a_task_done(context: Context) -> None:
    """The note once, both with one cause."""
    an = selling.person(context)
    lead = selling.lead(context, owner_id=an.id)
    task = _finish(context, an, _give(context, an, title="Gọi lại"), "no_need", " Đã mua nơi khác ")
    assert (task.state, task.outcome, task.said, task.ended_note) == (
        TaskState.DONE, "not_interested", "no_need", "Đã mua nơi khác",
    )  # fmt: skip
    called, done = _lines(context, Kind.CALLED, Kind.TASK_DONE)
    assert called.detail == {"outcome": "no_need", "note": "Đã mua nơi khác"}
    assert done.detail == {
        "task": task.id, "kind": "call", "title": {"vi": "Gọi lại"}, "outcome": "not_interested", "said": "no_need",
    }  # fmt: skip
    assert called.cause == done.cause == f"task:{task.id}"
    with context.database.read() as conn:
        assert conn.execute(sa.select(reactions.c.lead_id)).scalars().all() == [lead, lead]


def test_rules_ask_for_tasks_done_and_for_what_came_of_them(context: Context) -> None:
    """Of SQL and of Python alike."""
    an = selling.person(context)
    lead, other = selling.lead(context, owner_id=an.id), selling.lead(context, "Lan", owner_id=an.id)
    _finish(context, an, _give(context, an, kind=TaskKind.VISIT), "not_interested")
    facts, now = built_in(), context.clock.engine()
    for outcome, leads_found in (({}, [lead]), ({"outcome": "not_interested"}, [lead]), ({"outcome": "done"}, [])):
        rule = parse({"task_done": outcome}, facts)
        with context.database.read() as conn:
            assert sorted(conn.execute(to_sql(rule, now, facts)).scalars()) == leads_found
            seen = view(conn, [lead, other], facts, [rule])
        assert [key for key, one in sorted(seen.items()) if evaluate(rule, one, now, facts).holds] == leads_found


def test_a_finished_call_scores_as_a_logged_one_and_once(context: Context) -> None:
    """By the rule of the call; the task itself gives nothing more."""
    selling.publish(context)
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    _finish(context, an, _give(context, an), "no_need")
    while react(context):
        pass
    with context.database.read() as conn:
        rules = conn.execute(sa.select(score_entries.c.rule)).scalars().all()
    assert list(rules).count("call_no_need") == 1


def test_finishing_may_give_the_next_task(context: Context) -> None:
    """In one go."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    then = NewTask(TaskKind.VISIT, context.clock.engine() + 3 * DAY, "Mang hợp đồng")
    first = _finish(context, an, _give(context, an, kind=TaskKind.OTHER), "done", "Xong", then)
    assert found(context, "kind", "state") == [("other", "done"), ("visit", "open")]
    (line,) = _lines(context, Kind.TASK_DONE, Kind.CALLED)
    assert line.detail["note"] == "Xong"
    assert first.ended_by == an.actor


@pytest.mark.parametrize(("kind", "said"), [("call", "not_interested"), ("call", ""), ("visit", "busy"), ("sms", "x")])
def test_what_is_not_to_be_said_of_a_task_is_refused(context: Context, kind: str, said: str) -> None:
    """Of a call its own outcomes, of the rest the three."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    task = _give(context, an, kind=TaskKind(kind))
    with pytest.raises(InputError):
        _finish(context, an, task, said)
    assert found(context, "state") == [("open",)]


def test_a_task_ends_once(context: Context) -> None:
    """The second is told that somebody was faster."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    task = _give(context, an)
    _finish(context, an, task, "busy")
    for act in (_ACTS["finish"], _ACTS["cancel"], _ACTS["put off"], _ACTS["reassign"]):
        with context.database.write() as conn, pytest.raises(ConflictError):
            act(conn, hand(context, an), task.id)
    assert len(_lines(context, Kind.TASK_DONE)) == 1


def test_what_nothing_followed_from_may_be_taken_back_for_a_while(context: Context) -> None:
    """The line in the timeline is withdrawn; half an hour later it is too late."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    task = _finish(context, an, _give(context, an, kind=TaskKind.EMAIL), "done")
    with context.database.write() as conn:
        assert service.reopen(conn, hand(context, an), task.id).is_open
    (line,) = _lines(context, Kind.TASK_DONE)
    assert line.withdrawn_at is not None
    _finish(context, an, task, "no_answer")
    assert [line.withdrawn_at is None for line in _lines(context, Kind.TASK_DONE)] == [False, True]
    clock(context).advance(HOUR)
    with context.database.write() as conn, pytest.raises(ConflictError):
        service.reopen(conn, hand(context, an), task.id)


def test_a_call_that_was_made_is_not_taken_back(context: Context) -> None:
    """Its points and what followed from them stand."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    task = _finish(context, an, _give(context, an), "busy")
    with context.database.write() as conn, pytest.raises(ConflictError):
        service.reopen(conn, hand(context, an), task.id)


# whose


def test_a_task_for_the_owner_goes_with_the_lead_and_one_by_name_stays(context: Context) -> None:
    """In the same transaction, whoever hands the lead over."""
    an, binh = selling.person(context), selling.person(context, name="Binh")
    lead = selling.lead(context, owner_id=an.id)
    moving, staying = _give(context, an), _give(context, an, owner_id=an.id)
    with context.database.write() as conn:
        times = {"now": context.clock.engine(), "real": context.clock.real()}
        lead_service.set_owner(conn, lead, binh.id, actor="cli", cause="cli", **times)
    assert (_waiting(context, binh), _waiting(context, an)) == ([moving.id], [staying.id])
    with context.database.write() as conn:
        service.reassign(conn, hand(context, an), staying.id, None)
    assert _waiting(context, binh) == [moving.id, staying.id]


def test_a_task_of_nobody_is_there_for_who_may_take_it(context: Context) -> None:
    """A lead without an owner, or whose owner's account was closed."""
    boss, an = selling.person(context, Role.MARKETER, "Boss"), selling.person(context)
    binh = selling.person(context, name="Binh")
    selling.lead(context)
    selling.lead(context, "Lan", owner_id=binh.id)
    free, left = _give(context, boss), _give(context, boss, "plan")
    with context.database.write() as conn:
        conn.execute(users.update().where(users.c.id == binh.id).values(disabled_at=context.clock.engine()))
    assert _waiting(context, boss, Whose(nobody=True)) == [free.id, left.id]
    assert _waiting(context, an, Whose(nobody=True)) == [free.id]
    with context.database.write() as conn:
        assert store.counts(conn, boss, context.clock.engine(), context.clock.engine() + DAY).nobody == 2
        service.reassign(conn, hand(context, an), free.id, an.id)
    assert _waiting(context, an) == [free.id]


def test_tasks_are_counted_by_when_they_are_due(context: Context) -> None:
    """Overdue, before midnight, later: the sum is all of mine."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    now = context.clock.engine()
    due = [_give(context, an, due_at=now + span) for span in (HOUR, 2 * HOUR, 20 * HOUR, 3 * DAY)]
    clock(context).advance(HOUR + HOUR / 2)
    now = context.clock.engine()
    with context.database.read() as conn:
        counts = store.counts(conn, an, now, now + 14 * HOUR)
    assert (counts.overdue, counts.today, counts.later, counts.nobody) == (1, 1, 2, 0)
    assert _waiting(context, an) == [one.id for one in due]


def test_the_list_goes_on_where_it_stopped(context: Context) -> None:
    """Open ones by when they are due, ended ones by when they ended."""
    an = selling.person(context)
    lead = selling.lead(context, owner_id=an.id)
    same = context.clock.engine() + HOUR
    ids = [_give(context, an, due_at=same).id for _ in range(5)]
    with context.database.read() as conn:
        first = store.waiting(conn, an, Whose(an.id), limit=3)
        rest = store.waiting(conn, an, Whose(an.id), first.after, limit=3)
    assert [one.id for one in (*first.tasks, *rest.tasks)] == ids
    assert rest.after is None
    for one in first.tasks:
        _finish(context, an, one, "busy")
    with context.database.read() as conn:
        done = store.ended(conn, an, Whose(an.id), limit=2)
        older = store.ended(conn, an, Whose(an.id), done.after, limit=2)
        mine = store.of_lead(conn, an, lead)
    assert [one.id for one in (*done.tasks, *older.tasks)] == [ids[2], ids[1], ids[0]]
    assert [one.id for one in mine] == [ids[3], ids[4], ids[2], ids[1], ids[0]]


# leads that were merged, enrollments that ended


def test_tasks_follow_a_merge_however_many(context: Context) -> None:
    """Open ones by themselves; all of them with the merge."""
    an = selling.person(context)
    first, second = selling.lead(context, owner_id=an.id), selling.lead(context, "Lan", owner_id=an.id)
    third = selling.lead(context, "Nga", owner_id=an.id)
    done, kept = _finish(context, an, _give(context, an), "busy"), _give(context, an)
    other = _give(context, an, "pnga")
    with context.database.write() as conn:
        assert not service.is_any_stray(conn)
        conn.execute(leads.update().where(leads.c.id == first).values(merged_into=second))
        conn.execute(leads.update().where(leads.c.id == second).values(merged_into=third))
        assert service.is_any_stray(conn)
        assert service.follow_merges(conn) == 2
        assert service.follow_merges(conn) == 0
    assert found(context, "id", "lead_id") == [(done.id, first), (kept.id, third), (other.id, third)]
    with context.database.write() as conn:
        assert service.take_over(conn, first, third) == 1
    assert {lead for (lead,) in found(context, "lead_id")} == {third}


def test_only_what_an_enrollment_waits_for_is_canceled_with_it(context: Context) -> None:
    """Each with its reason."""
    an = selling.person(context)
    selling.lead(context, owner_id=an.id)
    _give(context, an)
    with context.database.write() as conn:
        service.cancel_of(conn, {7: Reason.MERGED, 8: Reason.GOAL_REACHED}, now=context.clock.engine())
    assert found(context, "state", "reason") == [("open", "")]


def test_open_tasks_about_merged_leads_go_along_within_a_minute(context: Context) -> None:
    """Whoever merges them; upkeep looks once an engine minute."""
    an = selling.person(context)
    first, second = selling.lead(context, owner_id=an.id), selling.lead(context, "Lan", owner_id=an.id)
    _give(context, an)
    upkeep(context)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == first).values(merged_into=second))
    upkeep(context)
    assert found(context, "lead_id") == [(first,)]
    clock(context).advance(timedelta(minutes=1))
    upkeep(context)
    assert found(context, "lead_id") == [(second,)]
