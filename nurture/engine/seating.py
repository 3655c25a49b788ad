"""The seats in segments kept by hand that steps ask for (queries)."""

from collections.abc import Mapping, Sequence

from sqlalchemy.engine import Connection

from nurture.activities.service import decide_many
from nurture.campaigns.effects import JoinSegment, LeaveSegment
from nurture.engine.scene import Asked, Scene, refused
from nurture.kernel.reasons import Reason
from nurture.segments import hand
from nurture.segments.model import Segment


def seats_of(
    conn: Connection, asked: Sequence[Asked[JoinSegment]] | Sequence[Asked[LeaveSegment]], scene: Scene
) -> tuple[list[hand.Seat], Mapping[str, Segment]]:
    """The seats and their segments; a decision is kept where no segment of the key is kept by hand."""
    known = hand.kept(conn, [each.effect.segment for each in asked])
    bad = [each for each in asked if each.effect.segment not in known]
    decide_many(conn, [refused(each, Reason.KEPT_BY_RULE, scene, segment=each.effect.segment) for each in bad])
    good = [each for each in asked if each.effect.segment in known]
    return [hand.Seat(each.lead_id, each.effect.segment, each.cause, each.one.key) for each in good], known
