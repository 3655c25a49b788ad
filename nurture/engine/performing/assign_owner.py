"""Give leads to members of staff, named or by the rule, each with its line in the timeline (queries)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import AssignOwner
from nurture.engine.scene import Asked, Done, Scene, by, refused
from nurture.kernel.reasons import Reason
from nurture.leads import many
from nurture.leads.tables import leads
from nurture.opportunities.assign import assign_many, may_own
from nurture.opportunities.published import live
from nurture.segments.store import facts
from nurture.users.tables import users

EFFECT = AssignOwner
HOLDS = True
_TURN = "leads"  # whose turn it is where no pipeline is published


def perform(conn: Connection, asked: Sequence[Asked[AssignOwner]], scene: Scene) -> Done:
    """The owner of each lead; a decision says where there is nobody to give it to."""
    wanted = {each.lead_id: each for each in asked}
    query = sa.select(leads.c.id, leads.c.owner_id).where(leads.c.id.in_(sorted(wanted)))
    has_owner = {row.id for row in conn.execute(query) if row.owner_id is not None}
    open_ones = [each for each in wanted.values() if not (each.effect.only_if_none and each.lead_id in has_owner)]
    named = [each for each in open_ones if each.effect.email is not None]
    ruled = [each for each in open_ones if each.effect.email is None]
    owners = _named(conn, named) | _ruled(conn, ruled, scene)
    nobody = [each for each in open_ones if owners[each.lead_id] is None]
    decide_many(conn, [_nobody(each, scene) for each in nobody])
    many.set_owner(conn, {lead_id: one for lead_id, one in owners.items() if one is not None}, by(asked, scene))
    return Done()


def _named(conn: Connection, asked: Sequence[Asked[AssignOwner]]) -> dict[int, int | None]:
    if not asked:
        return {}
    emails = sorted({str(each.effect.email) for each in asked})
    ids = {email: number for number, email in may_own(conn, users.c.email.in_(emails)).items()}
    return {each.lead_id: ids.get(str(each.effect.email)) for each in asked}


def _ruled(conn: Connection, asked: Sequence[Asked[AssignOwner]], scene: Scene) -> dict[int, int | None]:
    if not asked:
        return {}
    pipeline = live(conn, facts(conn, scene.settings.zone))
    turn = pipeline.key if pipeline is not None else _TURN
    return assign_many(conn, [each.lead_id for each in asked], turn, scene.now, scene.settings.local_zone)


def _nobody(each: Asked[AssignOwner], scene: Scene) -> Decision:
    if each.effect.email is None:
        return refused(each, Reason.NO_SALESPERSON, scene)
    return refused(each, Reason.NO_SUCH_OWNER, scene, email=each.effect.email)
