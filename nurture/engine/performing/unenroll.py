"""Let leads leave other campaigns, with the campaign that says so as the reason (queries)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.effects import Leave, Unenroll
from nurture.campaigns.tables import campaigns
from nurture.engine.leave import take_each_out
from nurture.engine.scene import Asked, Done, Scene
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.reasons import Reason

EFFECT = Unenroll
HOLDS = True
LATE = True


def perform(conn: Connection, asked: Sequence[Asked[Unenroll]], scene: Scene) -> Done:
    """Those who are under way there; who is not needs nothing."""
    wanted = {(each.lead_id, each.effect.campaign): each for each in asked}
    e = enrollments.c
    query = (
        sa.select(e.id, e.lead_id, campaigns.c.key)
        .join(campaigns, campaigns.c.id == e.campaign_id)
        .where(e.state == EnrollmentState.ACTIVE.value, e.lead_id.in_(sorted({lead_id for lead_id, _ in wanted})))
        .where(campaigns.c.key.in_(sorted({key for _, key in wanted})))
    )
    leaves = {
        row.id: Leave(Reason.TAKEN_OUT, {"campaign": each.one.key})
        for row in conn.execute(query)
        if (each := wanted.get((row.lead_id, row.key))) is not None
    }
    if leaves:
        take_each_out(conn, leaves, now=scene.now, real=scene.real)
    return Done()
