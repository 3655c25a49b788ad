"""Let leads enter other campaigns, where those let them in (queries; a few for each campaign that is named)."""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.service import decide_many
from nurture.campaigns.effects import Enroll
from nurture.engine.scene import Asked, Done, Scene, refused
from nurture.enrollments.service import enroll
from nurture.enrollments.tables import enrollments
from nurture.kernel.errors import ConflictError, DefinitionError, NotFoundError
from nurture.kernel.reasons import Reason

EFFECT = Enroll
HOLDS = True
LATE = True


def perform(conn: Connection, asked: Sequence[Asked[Enroll]], scene: Scene) -> Done:
    """A new enrollment for each, or a decision that says why not."""
    done = _done(conn, asked)
    groups: dict[str, dict[int, Asked[Enroll]]] = defaultdict(dict)
    for each in asked:
        if each.cause not in done:
            groups[each.effect.campaign].setdefault(each.lead_id, each)
    for key, those in sorted(groups.items()):
        causes = {lead_id: each.cause for lead_id, each in those.items()}
        try:
            enroll(conn, key, list(those), cause=causes, now=scene.now, real=scene.real, by_hand=False)
        except (NotFoundError, ConflictError, DefinitionError):  # it is gone, does not run, or can no longer be read
            no = Reason.NO_CAMPAIGN
            decide_many(conn, [refused(each, no, scene, campaign=key) for each in those.values()])
    return Done()


def _done(conn: Connection, asked: Sequence[Asked[Enroll]]) -> set[str]:
    """The causes that have led to an enrollment already."""
    e = enrollments.c
    leads, causes = sorted({each.lead_id for each in asked}), sorted({each.cause for each in asked})
    return set(conn.execute(sa.select(e.cause).where(e.lead_id.in_(leads), e.cause.in_(causes))).scalars())
