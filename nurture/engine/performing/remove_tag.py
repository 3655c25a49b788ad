"""Take tags off leads, each with its line in the timeline (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.campaigns.effects import RemoveTag
from nurture.engine.scene import Asked, Done, Scene, by
from nurture.leads import many

EFFECT = RemoveTag
HOLDS = True


def perform(conn: Connection, asked: Sequence[Asked[RemoveTag]], scene: Scene) -> Done:
    """Tags that are there; those that are not need nothing."""
    many.untag(conn, [(each.lead_id, each.effect.tag) for each in asked], by(asked, scene))
    return Done()
