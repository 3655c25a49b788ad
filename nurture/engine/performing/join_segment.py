"""Put leads into segments that are kept by hand, each with its line in the timeline (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.activities.service import decide_many
from nurture.campaigns.effects import JoinSegment
from nurture.engine.scene import Asked, Done, Scene, refused
from nurture.kernel.reasons import Reason
from nurture.segments import hand

EFFECT = JoinSegment
HOLDS = True


def perform(conn: Connection, asked: Sequence[Asked[JoinSegment]], scene: Scene) -> Done:
    """Seats that are free; a decision where no segment of the key is kept by hand."""
    known = hand.kept(conn, [each.effect.segment for each in asked])
    good = [each for each in asked if each.effect.segment in known]
    decide_many(
        conn,
        [refused(each, Reason.KEPT_BY_RULE, scene, segment=each.effect.segment) for each in asked if each not in good],
    )
    seats = [hand.Seat(each.lead_id, each.effect.segment, each.cause, each.one.key) for each in good]
    hand.join(conn, seats, known, now=scene.now, real=scene.real)
    return Done()
