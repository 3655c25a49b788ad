"""Take leads out of segments that are kept by hand, each with its line in the timeline (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.campaigns.effects import LeaveSegment
from nurture.engine.scene import Asked, Done, Scene
from nurture.engine.seating import seats_of
from nurture.segments import hand

EFFECT = LeaveSegment
HOLDS = True


def perform(conn: Connection, asked: Sequence[Asked[LeaveSegment]], scene: Scene) -> Done:
    """Seats that are taken; a decision where no segment of the key is kept by hand."""
    seats, known = seats_of(conn, asked, scene)
    hand.leave(conn, seats, known, now=scene.now, real=scene.real)
    return Done()
