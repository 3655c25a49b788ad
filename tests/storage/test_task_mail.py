"""The mail of new tasks: one for each person and half hour, in working hours, never about one's own."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture.engine.task_mail import tell
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from nurture.tasks import service
from nurture.tasks.model import NewTask, TaskKind
from nurture.users.model import Role
from nurture.users.tables import away, users
from tests.storage import selling
from tests.storage.tasking import LOOSE, hand
from tests.storage.ticking import HOUR, add_leads, apply, clock, publish_emails, rows


def _mails(context: Context) -> list[tuple[int, datetime, list[str]]]:
    query = sa.select(messages.c.user_id, messages.c.not_before, messages.c.values_).order_by(messages.c.id)
    return [
        (row[0], row[1], [one["lead_name"] for one in row[2]["tasks"]])
        for row in rows(context, query.where(messages.c.template_key == "staff_tasks"))
    ]


def _given(context: Context, count: int, name: str = "Ha") -> int:
    person = selling.person(context, name=name)
    add_leads(context, count, owner_id=person.id)
    return person.id


def test_a_person_is_told_once_of_all_that_comes_within_half_an_hour(context: Context) -> None:
    """However many tasks: one mail, at the half hour; what comes after it is in the next."""
    publish_emails(context, "staff_tasks")
    mine = _given(context, 3)
    apply(context, LOOSE)
    begun = context.clock.engine()
    tick(context)
    ((who, goes, names),) = _mails(context)
    assert (who, len(names)) == (mine, 3)
    assert begun < goes <= begun + timedelta(minutes=30)
    assert goes.minute % 30 == 0
    boss = selling.person(context, Role.ADMIN, "Minh")
    for _ in range(2):
        with context.database.write() as conn:
            now, real = context.clock.engine(), context.clock.real()
            one = service.give(conn, hand(context, boss), "lead1", NewTask(TaskKind.CALL, now + HOUR))
            tell(conn, [one.id], context.settings, now=now, real=real)
        clock(context).advance(HOUR)
    assert [len(names) for _, _, names in _mails(context)] == [4, 1]


def test_it_waits_for_the_working_hours_of_who_is_back(context: Context) -> None:
    """Away today: told tomorrow, when work begins."""
    publish_emails(context, "staff_tasks")
    mine = _given(context, 1)
    now = context.clock.engine()
    with context.database.write() as conn:
        day = now.date()
        conn.execute(users.update().values(zone="UTC", working_hours={"from": "08:00", "to": "17:00"}))
        conn.execute(away.insert().values(user_id=mine, first_day=day, last_day=day))
    apply(context, LOOSE)
    tick(context)
    ((_, goes, _),) = _mails(context)
    assert (goes.hour, goes.minute) == (8, 0)
    assert goes.date() > now.date()


def test_nobody_is_told_of_their_own_nor_twice_of_one(context: Context) -> None:
    """Somebody else's task is told, and asked for again it stands there once."""
    publish_emails(context, "staff_tasks")
    me, other = selling.person(context, name="Ha"), selling.person(context, name="Minh")
    lead_id = add_leads(context, 1, owner_id=me.id)[0]
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        public_id = f"lead{lead_id}"
        own = service.give(conn, hand(context, me), public_id, NewTask(TaskKind.CALL, now + HOUR))
        theirs = service.give(conn, hand(context, me), public_id, NewTask(TaskKind.CALL, now + HOUR, owner_id=other.id))
        for _ in range(2):
            tell(conn, [own.id, theirs.id], context.settings, now=now, real=real)
    assert [(who, len(names)) for who, _, names in _mails(context)] == [(other.id, 1)]


@pytest.mark.parametrize("count", [2, 40])
def test_however_many_tasks_the_statements_stay_the_same(context: Context, count: int) -> None:
    """For new mails, and for those that are joined."""
    publish_emails(context, "staff_tasks")
    for number in range(2):
        _given(context, count // 2, f"P{number}")
    apply(context, LOOSE)
    tick(context)
    now, real = context.clock.engine(), context.clock.real()
    asked: list[str] = []
    with context.database.write() as conn:
        sa.event.listen(conn, "before_cursor_execute", lambda *args: asked.append(args[2]))
        tell(conn, range(1, count + 1), context.settings, now=now, real=real)
    assert len(asked) <= 8


def test_without_such_an_email_nobody_is_told(context: Context) -> None:
    """An installation with emails of its own, from before there was one for tasks."""
    _given(context, 1)
    apply(context, LOOSE)
    tick(context)
    assert _mails(context) == []
