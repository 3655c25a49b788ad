"""What the people of the house do in a rehearsal: finish tasks, look at replies (queries on the stage)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.leads import replies
from nurture.leads.desk import Hand
from nurture.leads.tables import leads
from nurture.tasks import service
from nurture.tasks.model import TaskKind, TaskState, ways_to_say
from nurture.tasks.tables import tasks
from nurture.users.model import Person, Role
from nurture.users.tables import users

_OWNER = sa.case((tasks.c.for_owner, leads.c.owner_id), else_=tasks.c.owner_id)
_OPEN = tasks.c.state == TaskState.OPEN.value


@dataclass(frozen=True, slots=True)
class Given:
    """A task that somebody has; `name` is the same each time it is played."""

    id: int
    name: str
    outcomes: Sequence[str]  # what may be said of it, one for each outcome that its campaign lists


def given(conn: Connection, after: int) -> tuple[int, Sequence[Given]]:
    """Tasks that somebody has, of those with a higher id: the highest id, and the tasks.

    The stage has one writer, so that ids come in their order.
    """
    columns = (tasks.c.id, leads.c.public_id, tasks.c.step, tasks.c.occurrence, tasks.c.kind, tasks.c.words)
    query = (
        sa.select(*columns, users.c.id.label("who"))
        .join(leads, leads.c.id == tasks.c.lead_id)
        .outerjoin(users, sa.and_(users.c.id == _OWNER, users.c.disabled_at.is_(None)))
        .where(tasks.c.id > after, _OPEN)
        .order_by(tasks.c.id)
    )
    rows = conn.execute(query).all()
    found = [
        Given(row.id, f"{row.public_id}/task/{row.step}/{row.occurrence}", ways_to_say(TaskKind(row.kind), row.words))
        for row in rows
        if row.who is not None
    ]
    return (rows[-1].id if rows else after), found


def first_of(conn: Connection, email: str) -> int | None:
    """The open task of this lead that is due first."""
    query = sa.select(tasks.c.id).join(leads, leads.c.id == tasks.c.lead_id).where(leads.c.email == email, _OPEN)
    return conn.execute(query.order_by(tasks.c.due_at, tasks.c.id).limit(1)).scalar()


def finish(conn: Connection, task_id: int, outcome: str, *, now: datetime, real: datetime) -> None:
    """Whoever has it says what came of it; a stand-in where nobody has it. Nothing when it has ended already."""
    row = conn.execute(
        sa.select(tasks.c.state, users.c.id, users.c.name, users.c.email)
        .select_from(tasks.join(leads, leads.c.id == tasks.c.lead_id).outerjoin(users, users.c.id == _OWNER))
        .where(tasks.c.id == task_id)
    ).one()
    if row.state != TaskState.OPEN.value:
        return
    person = Person(row.id, row.name, row.email, Role.ADMIN) if row.id is not None else _stand_in(conn, now)
    service.finish(conn, Hand(person, now, real), task_id, outcome)


def _stand_in(conn: Connection, now: datetime) -> Person:
    """Somebody who is on the stage only."""
    email = "rehearsal@example.com"
    found = conn.execute(sa.select(users.c.id).where(users.c.email == email)).scalar()
    if found is None:
        row = {"email": email, "name": "", "role": Role.ADMIN.value, "working_hours": {}, "created_at": now}
        found = conn.execute(users.insert().values(row).returning(users.c.id)).scalar_one()
    return Person(found, "", email, Role.ADMIN)


def look(conn: Connection, lead_id: int, *, now: datetime, real: datetime, cause: str) -> None:
    """The owner has looked at what the lead wrote."""
    replies.looked(conn, lead_id, now=now, real=real, actor="engine", cause=cause)
