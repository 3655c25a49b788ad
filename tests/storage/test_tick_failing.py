"""A chunk that fails as a whole: whose fault it was is put off, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.users.tables import users
from tests.storage.ticking import add_leads, apply, clock, places

TOLD = """
key: told
name: Told
entry: {segment: everyone, existing: enroll}
steps:
  - {id: breathe, wait: 1 hour}
  - {id: tell, notify_owner: {vi: Gọi ngay, en: Call now}}
"""


@pytest.fixture
def damaged(context: Context) -> Context:
    """Three leads wait for an hour; with the third, the owner cannot be told."""
    who = {"id": 1, "email": "an@house.example", "name": "An", "role": "sales", "language": "en", "working_hours": {}}
    with context.database.write() as conn:
        conn.execute(users.insert().values(**who, created_at=context.clock.real()))
    add_leads(context, 2, owner_id=1)
    add_leads(context, 1, owner_id=1, fields=[1, 2])
    apply(context, TOLD)
    tick(context)
    clock(context).advance(timedelta(hours=1))
    return context


def test_who_becomes_due_meanwhile_is_not_put_off_in_the_place_of_whose_fault_it_was(damaged: Context) -> None:
    """Looked at first by when it is due, but not by whoever failed."""
    with damaged.database.write() as conn:
        conn.execute(enrollments.update().where(enrollments.c.id < 3).values(due_at=None))
    looks: list[bool] = []

    def push_in(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "enrollments.memory" not in statement or "LIMIT" not in statement:
            return
        looks.append(True)
        if len(looks) == 2:  # the chunk has failed, its only place is looked at by itself
            early = damaged.clock.engine() - timedelta(minutes=1)
            with damaged.database.write() as conn:
                conn.execute(enrollments.update().where(enrollments.c.id < 3).values(due_at=early))

    event.listen(damaged.database.engine, "after_cursor_execute", push_in)
    report = tick(damaged)
    event.remove(damaged.database.engine, "after_cursor_execute", push_in)
    tick(damaged)
    assert report.failed == 1
    assert places(damaged, "held", "attempts", "state") == [
        (None, 0, "completed"),
        (None, 0, "completed"),
        ("step_failed", 1, "active"),
    ]
