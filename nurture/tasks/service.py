"""Giving, finishing and moving tasks, with the rights and the audit line of each. In the caller's write transaction.

Whoever may see a task may act on it, viewers excepted. Finishing one writes an activity, by which a campaign that waits
for it goes on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import CallOutcome, Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import activities
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.kernel.text import clean
from nurture.leads import desk
from nurture.leads.desk import Hand
from nurture.leads.tables import leads
from nurture.tasks import store
from nurture.tasks.model import (
    LONGEST_NOTE,
    LONGEST_TITLE,
    Given,
    NewTask,
    Task,
    TaskKind,
    TaskState,
    answers,
    outcome_of,
)
from nurture.tasks.tables import tasks
from nurture.users import service as staff
from nurture.users import store as accounts
from nurture.users.model import Role
from nurture.users.tables import users

FARTHEST = timedelta(days=3660)
UNDONE_WITHIN = timedelta(minutes=30)
_MOST_MERGES = 20  # of a lead that was merged into one that was merged, and so on

t = tasks.c


# by people


def give(conn: Connection, hand: Hand, lead_public_id: str, new: NewTask) -> Task:
    """A task about a lead, made by hand."""
    lead = desk.take(conn, hand.person, lead_public_id)
    return _give(conn, hand, lead.id, new)


def _give(conn: Connection, hand: Hand, lead_id: int, new: NewTask) -> Task:
    _check_due(new.due_at, hand.now)
    if new.owner_id is not None:
        _check_owner(conn, new.owner_id)
    title, note = clean(new.title, LONGEST_TITLE), new.note.strip()[:LONGEST_NOTE]
    values = {
        "lead_id": lead_id, "kind": new.kind.value, "title": _said(hand, title), "note": _said(hand, note),
        "due_at": new.due_at, "for_owner": new.owner_id is None, "owner_id": new.owner_id,
        "state": TaskState.OPEN.value, "words": {}, "waits": False, "opportunity": new.opportunity,
        "created_at": hand.now, "created_by": hand.person.actor,
    }  # fmt: skip
    task_id = int(conn.execute(tasks.insert().values(values).returning(t.id)).scalar_one())
    _audit(conn, hand, task_id, "task.give")
    return store.get(conn, hand.person, task_id)


def _said(hand: Hand, text: str) -> dict[str, str]:
    """What somebody has written, in the language they use."""
    return {hand.person.language: text} if text else {}


def finish(
    conn: Connection, hand: Hand, task_id: int, said: str, note: str = "", then: NewTask | None = None
) -> Task:  # fmt: skip
    """It is done: what came of it, a note, and the next task if there is one. Of a call the timeline says so, too."""
    task = _held(conn, hand, task_id)
    if said not in {one.key for one in answers(task.kind, task.words)} and said != "done":
        raise InputError([Problem("no_outcome", N_("Choose what came of it"), path="said")])
    outcome, written = outcome_of(said, task.kind, task.words), note.strip()[:LONGEST_NOTE]
    _end(conn, hand, task, state=TaskState.DONE.value, outcome=outcome, said=said, ended_note=written)
    is_call = task.kind is TaskKind.CALL
    if is_call:
        desk.keep_call(conn, hand, task.about.id, said if said in set(CallOutcome) else "", written, f"task:{task.id}")
    detail = {"outcome": outcome, "said": said} | ({} if is_call or not written else {"note": written})
    _line(
        conn, hand, task, Kind.TASK_DONE, detail | ({"words": dict(task.words[said])} if task.words.get(said) else {})
    )
    _audit(conn, hand, task.id, "task.finish", {"outcome": outcome})
    if then is not None:
        _give(conn, hand, task.about.id, then)
    return store.get(conn, hand.person, task_id)


def cancel(conn: Connection, hand: Hand, task_id: int, why: str = "") -> Task:
    """It is not to be done any more; a campaign that waits for it goes straight on."""
    task = _held(conn, hand, task_id)
    written = clean(why)
    _end(conn, hand, task, state=TaskState.CANCELED.value, reason=Reason.CANCELED_BY_HAND.value, ended_note=written)
    _line(conn, hand, task, Kind.TASK_CANCELED, {"note": written} if written else {})
    _audit(conn, hand, task.id, "task.cancel", {"reason": written})
    return store.get(conn, hand.person, task_id)


def put_off(conn: Connection, hand: Hand, task_id: int, until: datetime) -> Task:
    """Due at another time. What its campaign waits is not longer for that."""
    task = _held(conn, hand, task_id)
    _check_due(until, hand.now)
    conn.execute(tasks.update().where(t.id == task.id).values(due_at=until))
    _audit(conn, hand, task.id, "task.put_off", {"until": until.isoformat()})
    return store.get(conn, hand.person, task_id)


def reassign(conn: Connection, hand: Hand, task_id: int, owner_id: int | None) -> Task:
    """For somebody else by name, or for the lead's owner again."""
    task = _held(conn, hand, task_id)
    if owner_id is not None:
        _check_owner(conn, owner_id)
    change = tasks.update().where(t.id == task.id).values(for_owner=owner_id is None, owner_id=owner_id)
    conn.execute(change)
    _audit(conn, hand, task.id, "task.reassign", {"before": task.owner_id, "after": owner_id})
    return task


def reopen(conn: Connection, hand: Hand, task_id: int) -> Task:
    """Take its end back, a short time after it, where nothing has followed from it."""
    task = _seen(conn, hand, task_id)
    if task.is_open:
        return task
    if not task.may_reopen or task.ended_at is None or hand.now - task.ended_at > UNDONE_WITHIN:
        raise ConflictError(N_("This cannot be taken back any more: make a new task"))
    fresh = {"state": TaskState.OPEN.value, "outcome": "", "said": "", "ended_at": None, "ended_by": "",
             "ended_note": "", "reason": ""}  # fmt: skip
    conn.execute(tasks.update().where(t.id == task.id).values(fresh))
    kinds = (Kind.TASK_DONE.value, Kind.TASK_CANCELED.value)
    mine = (activities.c.lead_id == task.about.id, activities.c.cause == f"task:{task.id}")
    standing = activities.c.kind.in_(kinds), activities.c.withdrawn_at.is_(None)
    conn.execute(activities.update().where(*mine, *standing).values(withdrawn_at=hand.now))
    _audit(conn, hand, task.id, "task.reopen")
    return store.get(conn, hand.person, task_id)


def _seen(conn: Connection, hand: Hand, task_id: int) -> Task:
    task = store.get(conn, hand.person, task_id, lock=True)
    if not hand.person.may_edit:
        raise ForbiddenError(N_("You may look, but not change anything"))
    return task


def _held(conn: Connection, hand: Hand, task_id: int) -> Task:
    """An open task, its row held."""
    task = _seen(conn, hand, task_id)
    if not task.is_open:
        raise ConflictError(N_("This task has ended already"))
    return task


def _end(conn: Connection, hand: Hand, task: Task, **values: Any) -> None:
    by = {"ended_at": hand.now, "ended_by": hand.person.actor}
    conn.execute(tasks.update().where(t.id == task.id).values(**values, **by))


def _line(conn: Connection, hand: Hand, task: Task, kind: Kind, detail: Mapping[str, Any]) -> None:
    whole = {"task": task.id, "kind": task.kind.value, "title": dict(task.title), **detail}
    actor, cause = hand.person.actor, f"task:{task.id}"
    line = Activity(
        task.about.id, kind, hand.now, actor, cause, campaign_key=task.campaign_key, detail=whole
    )  # fmt: skip
    record(conn, line, real=hand.real)


def _audit(conn: Connection, hand: Hand, task_id: int, action: str, detail: Mapping[str, Any] | None = None) -> None:
    staff.note(
        conn, actor=hand.person.actor, action=action, subject=f"task:{task_id}", at=hand.real, detail=detail
    )  # fmt: skip


def _check_due(due_at: datetime, now: datetime) -> None:
    if not now - timedelta(days=1) <= due_at <= now + FARTHEST:
        raise InputError([Problem("bad_time", N_("Choose a day that is not over"), path="due")])


def _check_owner(conn: Connection, owner_id: int) -> None:
    owner = accounts.by_id(conn, owner_id)
    if owner is None or owner.disabled_at or owner.role is Role.VIEWER:
        raise InputError([Problem("no_owner", N_("This person cannot be given tasks"), path="owner")])


# by campaigns


def give_many(conn: Connection, batch: Sequence[Given], *, now: datetime) -> tuple[list[int], list[Given]]:
    """Write tasks of campaigns; gives the ids of the new ones, and those of them that nobody can do yet.

    One written before stays.
    """
    emails = sorted({one.email for one in batch if one.email})
    query = sa.select(users.c.email, users.c.id).where(users.c.email.in_(emails), users.c.disabled_at.is_(None))
    people = {row.email: row.id for row in conn.execute(query)} if emails else {}
    insert = upsert(conn.dialect.name, tasks).on_conflict_do_nothing(
        index_elements=["enrollment_id", "step", "occurrence"]
    )
    rows = [_row(one, people, now) for one in batch]
    names = (t.id, t.enrollment_id, t.step, t.occurrence)
    written = conn.execute(insert.returning(*names), rows).all() if rows else []
    new = {tuple(row[1:]) for row in written}
    fresh = [one for one in batch if (one.enrollment_id, one.step, one.occurrence) in new]
    owned = _owned(conn, [one.lead_id for one in fresh if not one.email])
    nobody = [one for one in fresh if (one.email not in people if one.email else one.lead_id not in owned)]
    return [row.id for row in written], nobody


def _row(one: Given, people: Mapping[str, int], now: datetime) -> dict[str, Any]:
    return {
        "lead_id": one.lead_id, "kind": one.kind.value, "title": dict(one.title), "note": dict(one.note),
        "due_at": one.due_at, "for_owner": not one.email, "owner_id": people.get(one.email),
        "state": TaskState.OPEN.value, "words": {key: dict(text) for key, text in one.words.items()},
        "waits": one.waits, "enrollment_id": one.enrollment_id, "step": one.step, "occurrence": one.occurrence,
        "campaign_key": one.campaign_key, "created_at": now, "created_by": "engine",
    }  # fmt: skip


def _owned(conn: Connection, lead_ids: Sequence[int]) -> set[int]:
    """The leads that somebody who may come in is in charge of."""
    if not lead_ids:
        return set()
    query = sa.select(leads.c.id).join(users, users.c.id == leads.c.owner_id)
    return set(conn.execute(query.where(leads.c.id.in_(lead_ids), users.c.disabled_at.is_(None))).scalars())


def cancel_places(conn: Connection, places: Sequence[store.Place], reason: Reason, *, now: datetime) -> None:
    """Cancel the open tasks of these places, each (enrollment, step, round): nobody waits for them any more."""
    wanted = sa.tuple_(t.enrollment_id, t.step, t.occurrence).in_([tuple(place) for place in places])
    if places:
        conn.execute(tasks.update().where(store.IS_OPEN, wanted).values(_canceled(reason, now)))


def cancel_of(conn: Connection, why: Mapping[int, Reason], *, now: datetime) -> None:
    """Cancel the open tasks that these enrollments wait for; why, by enrollment. One statement for each reason."""
    by_reason: dict[Reason, list[int]] = defaultdict(list)
    for enrollment_id, reason in why.items():
        by_reason[reason].append(enrollment_id)
    for reason, ids in by_reason.items():
        mine = tasks.update().where(t.enrollment_id.in_(ids), store.IS_OPEN, t.waits)
        conn.execute(mine.values(_canceled(reason, now)))


def cancel_at(
    conn: Connection, enrollment_ids: sa.Select[tuple[int]], step: str, reason: Reason, *, now: datetime
) -> None:
    """Cancel the open tasks of this step that these enrollments wait for: it is no step of theirs any more."""
    mine = tasks.update().where(t.enrollment_id.in_(enrollment_ids), t.step == step, store.IS_OPEN, t.waits)
    conn.execute(mine.values(_canceled(reason, now)))


def _canceled(reason: Reason, now: datetime) -> dict[str, Any]:
    return {"state": TaskState.CANCELED.value, "reason": reason.value, "ended_at": now, "ended_by": "engine"}


# merged leads


def take_over(conn: Connection, loser_id: int, winner_id: int) -> int:
    """All tasks of a lead that was merged go to the one it was merged into; gives how many."""
    return conn.execute(tasks.update().where(t.lead_id == loser_id).values(lead_id=winner_id)).rowcount


def is_any_stray(conn: Connection) -> bool:
    """Whether any open task is about a lead that was merged. Reads only."""
    return conn.execute(_IS_STRAY).first() is not None


def follow_merges(conn: Connection) -> int:
    """Open tasks about merged leads go to those they were merged into, however many merges; gives how many moved."""
    winner = sa.select(leads.c.merged_into).where(leads.c.id == t.lead_id).scalar_subquery()
    move = tasks.update().where(t.id.in_(_strays())).values(lead_id=winner)
    total = 0
    for _ in range(_MOST_MERGES):
        moved = conn.execute(move).rowcount
        total += moved
        if not moved:
            break
    return total


@cache
def _strays() -> sa.Select[tuple[int]]:
    one = tasks.alias("one")
    strays = sa.select(one.c.id).join(leads, leads.c.id == one.c.lead_id)
    return strays.where(one.c.state == TaskState.OPEN.value, leads.c.merged_into.is_not(None))


_IS_STRAY = _strays().limit(1)
