"""The effect CancelTask: an open task that nobody has done in time is canceled; one that was done stays done."""

from nurture.campaigns.effects import CancelTask
from nurture.engine.performing.cancel_task import perform
from nurture.engine.scene import Asked, Scene
from nurture.engine.settle import Moved
from nurture.engine.tick import tick
from nurture.enrollments.model import Deed, EnrollmentState, Move, Place
from nurture.kernel.context import Context
from nurture.tasks import service
from tests.conftest import START
from tests.storage import selling
from tests.storage.tasking import CALL, found, hand
from tests.storage.ticking import add_leads, apply


def _asked(number: int, occurrence: int = 1) -> Asked[CancelTask]:
    place = Place(number, 1, 1, number, "call", occurrence, START, START, START)
    move = Move(EnrollmentState.ACTIVE, "end", occurrence, START, START, START)
    return Asked(Moved(place, "calls", None, move), Deed("call", occurrence, CancelTask(), START), CancelTask())


def test_only_open_tasks_of_that_round_are_canceled(context: Context) -> None:
    """And a second time changes nothing."""
    person = selling.person(context)
    add_leads(context, 3, owner_id=person.id)
    apply(context, CALL)
    tick(context)
    with context.database.write() as conn:
        service.finish(conn, hand(context, person), 2, "interested")
    scene = Scene(context.clock.engine(), context.clock.real(), context.settings, {}, {})
    for _ in range(2):
        with context.database.write() as conn:
            perform(conn, [_asked(1), _asked(2), _asked(3, occurrence=2)], scene)
    kept = found(context, "lead_id", "state", "reason")
    assert kept == [(1, "canceled", "task_timed_out"), (2, "done", ""), (3, "open", "")]
