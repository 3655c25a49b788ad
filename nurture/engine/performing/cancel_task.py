"""Cancel tasks that nobody has done in time: their campaigns have gone on (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.campaigns.effects import CancelTask
from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.reasons import Reason
from nurture.tasks.service import cancel_places

EFFECT = CancelTask


def perform(conn: Connection, asked: Sequence[Asked[CancelTask]], scene: Scene) -> Done:
    """Those that are open still; one that was done in the meantime stays done."""
    places = [(each.one.place.id, each.deed.step, each.deed.occurrence) for each in asked]
    cancel_places(conn, places, Reason.TASK_TIMED_OUT, now=scene.now)
    return Done()
