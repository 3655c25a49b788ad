"""Somebody says what came of a task at the moment in which its time is over: exactly one of both counts."""

from typing import Any

import pytest
from sqlalchemy import event

from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError
from nurture.tasks import service
from nurture.users.model import Person
from tests.storage import selling
from tests.storage.tasking import CALL, found, go_on, hand
from tests.storage.ticking import DAY, add_leads, apply, clock, passed, places


@pytest.fixture
def timed_out(context: Context) -> Person:
    """A call that nobody has made for three days; gives who should have."""
    person = selling.person(context)
    add_leads(context, 1, owner_id=person.id)
    apply(context, CALL)
    tick(context)
    clock(context).advance(3 * DAY)
    return person


def _finish(context: Context, person: Person) -> None:
    with context.database.write() as conn:
        service.finish(conn, hand(context, person), 1, "interested")


def test_an_outcome_said_between_the_look_and_the_move_leads_the_way(context: Context, timed_out: Person) -> None:
    """The move by the timeout is not made."""
    said: list[bool] = []

    def say(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not said and statement.startswith("SELECT tasks.enrollment_id"):
            said.append(True)
            _finish(context, timed_out)

    event.listen(context.database.engine, "after_cursor_execute", say)
    tick(context)
    event.remove(context.database.engine, "after_cursor_execute", say)
    assert said
    assert passed(context) == []
    go_on(context)
    assert passed(context) == [("call", "done"), ("engaged", "done"), ("end", "done")]
    assert found(context, "state", "said") == [("done", "interested")]


def test_an_outcome_said_after_the_timeout_is_refused(context: Context, timed_out: Person) -> None:
    """Whoever says it hears that the task has ended."""
    tick(context)
    with pytest.raises(ConflictError):
        _finish(context, timed_out)
    assert passed(context)[0] == ("call", "timeout")


@pytest.mark.postgres
def test_an_outcome_that_is_just_being_written_is_waited_for(several: Context) -> None:
    """The tick passes over the task that somebody holds, and goes by what it finds then."""
    person = selling.person(several)
    add_leads(several, 1, owner_id=person.id)
    apply(several, CALL)
    tick(several)
    clock(several).advance(3 * DAY)
    with several.database.write() as conn:
        service.finish(conn, hand(several, person), 1, "interested")
        tick(several)
        assert places(several, "state", "step") == [("active", "call")]
    go_on(several)
    assert passed(several)[0] == ("call", "done")
