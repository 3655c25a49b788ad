"""Queries on tasks: one, those that are open, those that were done, how many. What a person may see is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads.model import Temperature
from nurture.leads.tables import companies, leads
from nurture.tasks.model import About, Task, TaskKind, TaskState
from nurture.tasks.tables import tasks
from nurture.users.model import Person
from nurture.users.tables import users

t = tasks.c
Cursor = tuple[datetime, int]
Place = tuple[int, str | None, int]  # enrollment, step, round

IS_OPEN = t.state == TaskState.OPEN.value
_OWNER = sa.case((t.for_owner, leads.c.owner_id), else_=t.owner_id)
_FROM = (
    tasks.join(leads, leads.c.id == t.lead_id)
    .outerjoin(companies, companies.c.id == leads.c.company_id)
    .outerjoin(users, sa.and_(users.c.id == _OWNER, users.c.disabled_at.is_(None)))
)
_LEAD = ("public_id", "name", "honorific", "phone", "email", "temperature", "owner_id")


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom: one person, those that have nobody, or everybody a person may see."""

    owner: int | None = None
    nobody: bool = False

    def clause(self) -> sa.ColumnElement[bool]:
        """As a condition."""
        if self.nobody:
            return users.c.id.is_(None)
        return users.c.id == self.owner if self.owner is not None else sa.true()


@dataclass(frozen=True, slots=True)
class Tasks:
    """A part of the list; `after` asks for the next one and is None on the last."""

    tasks: tuple[Task, ...]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks are open: of one person by when they are due, and of nobody."""

    overdue: int
    today: int
    later: int
    nobody: int


def _may_see(person: Person) -> sa.ColumnElement[bool]:
    """Everything, or for sales what is theirs: tasks for them, and those about leads they may see."""
    if person.sees_all:
        return sa.true()
    return sa.or_(leads.c.owner_id == person.id, leads.c.owner_id.is_(None), users.c.id == person.id)


def _query() -> sa.Select[Any]:
    about = [leads.c[name].label(f"lead_{name}") for name in _LEAD]
    company = sa.func.coalesce(companies.c.name, "").label("lead_company")
    return sa.select(tasks, users.c.id.label("for_id"), company, *about).select_from(_FROM)


def _task(row: Any) -> Task:
    about = About(
        row.lead_id, row.lead_public_id, row.lead_name, row.lead_honorific, row.lead_phone, row.lead_email,
        row.lead_company, Temperature(row.lead_temperature), row.lead_owner_id,
    )  # fmt: skip
    return Task(
        row.id, TaskKind(row.kind), row.title, row.note, row.due_at, row.for_owner, row.for_id, TaskState(row.state),
        about, row.created_at, row.created_by, row.outcome, row.said, row.ended_at, row.ended_by, row.ended_note,
        row.reason, row.words, row.waits, row.enrollment_id, row.campaign_key, row.step, row.opportunity,
    )  # fmt: skip


def get(conn: Connection, person: Person, task_id: int, *, lock: bool = False) -> Task:
    """The task, for somebody who may see it; NotFoundError for everybody else. `lock` holds its row."""
    if lock:
        conn.execute(sa.select(t.id).where(t.id == task_id).with_for_update(key_share=True))
    row = conn.execute(_query().where(t.id == task_id, _may_see(person))).one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such task"))
    return _task(row)


def open_ones(conn: Connection, ids: Sequence[int]) -> list[Task]:
    """Of these the open ones that somebody has, the first due first."""
    query = _query().where(t.id.in_(list(ids)), IS_OPEN, users.c.id.is_not(None))
    return [_task(row) for row in conn.execute(query.order_by(t.due_at, t.id))]


def waiting(
    conn: Connection, person: Person, whose: Whose, after: Cursor | None = None, limit: int = 100
) -> Tasks:  # fmt: skip
    """Open tasks, the first due first."""
    query = _query().where(IS_OPEN, _may_see(person), whose.clause())
    if after is not None:
        at, key = after
        query = query.where(sa.or_(t.due_at > at, sa.and_(t.due_at == at, t.id > key)))
    rows = conn.execute(query.order_by(t.due_at, t.id).limit(limit + 1)).all()
    found = tuple(_task(row) for row in rows[:limit])
    return Tasks(found, (found[-1].due_at, found[-1].id) if len(rows) > limit else None)


def ended(
    conn: Connection, person: Person, whose: Whose, before: Cursor | None = None, limit: int = 100
) -> Tasks:  # fmt: skip
    """Tasks done or canceled, the latest first."""
    query = _query().where(~IS_OPEN, t.ended_at.is_not(None), _may_see(person), whose.clause())
    if before is not None:
        at, key = before
        query = query.where(sa.or_(t.ended_at < at, sa.and_(t.ended_at == at, t.id < key)))
    rows = conn.execute(query.order_by(t.ended_at.desc(), t.id.desc()).limit(limit + 1)).all()
    found = tuple(_task(row) for row in rows[:limit])
    last = found[-1].ended_at if len(rows) > limit else None
    return Tasks(found, (last, found[-1].id) if last is not None else None)


def of_lead(conn: Connection, person: Person, lead_id: int, limit: int = 20) -> list[Task]:
    """A lead's tasks: the open ones by when they are due, then those that ended last."""
    query = _query().where(t.lead_id == lead_id, _may_see(person))
    waiting_first = (sa.case((IS_OPEN, 0), else_=1), sa.case((IS_OPEN, t.due_at)), sa.case((IS_OPEN, t.id)))
    order = (*waiting_first, t.ended_at.desc(), t.id.desc())
    return [_task(row) for row in conn.execute(query.order_by(*order).limit(limit))]


def counts(conn: Connection, person: Person, now: datetime, midnight: datetime) -> Counts:
    """How many wait for this person: overdue, due before the day's end, later; and how many for nobody."""
    mine = users.c.id == person.id

    def count(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*which), 1), else_=0)), 0)

    query = sa.select(
        count(mine, t.due_at < now),
        count(mine, t.due_at >= now, t.due_at < midnight),
        count(mine, t.due_at >= now, t.due_at >= midnight),
        count(users.c.id.is_(None)),
    ).select_from(_FROM)
    row = conn.execute(query.where(IS_OPEN, _may_see(person))).one()
    return Counts(*(int(each) for each in row))


def answers(conn: Connection, places: Sequence[Place]) -> dict[int, Mapping[str, Any]]:
    """What came of the tasks that enrollments wait for where they stand: outcome and instant, by enrollment."""
    wanted = {place[0]: place for place in places}
    query = sa.select(t.enrollment_id, t.step, t.occurrence, t.state, t.outcome, t.ended_at).where(
        t.enrollment_id.in_(list(wanted)), ~IS_OPEN
    )
    return {
        row.enrollment_id: {"outcome": row.outcome or row.state, "at": row.ended_at}
        for row in conn.execute(query)
        if wanted[row.enrollment_id] == (row.enrollment_id, row.step, row.occurrence)
    }
