"""Open opportunities, or propose them to the owners of the leads; those told hear of it (queries)."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from nurture.activities.service import decide_many
from nurture.alerts.proposals import Proposal, tell, waiting
from nurture.campaigns.effects import OpenOpportunity
from nurture.engine.scene import Asked, Done, Scene, refused
from nurture.kernel.reasons import Reason
from nurture.opportunities.assign import assign_many
from nurture.opportunities.model import Criterion, NewOpportunity, Pipeline
from nurture.opportunities.opening import Opening, having_open, line_of, open_many
from nurture.opportunities.published import live
from nurture.segments.store import facts

EFFECT = OpenOpportunity
HOLDS = True
_Asked = Asked[OpenOpportunity]


def perform(conn: Connection, asked: Sequence[_Asked], scene: Scene) -> Done:
    """The automatic opportunity of each lead that has none open, or its proposal; a decision about the others."""
    pipeline = live(conn, facts(conn, scene.settings.zone))
    if pipeline is None:
        decide_many(conn, [refused(each, Reason.NO_PIPELINE, scene) for each in asked])
        return Done()
    free = _free(conn, asked, pipeline, scene)
    _open(conn, [each for each in free if not each.effect.propose], pipeline, scene)
    _propose(conn, [each for each in free if each.effect.propose], pipeline, scene)
    return Done()


def _free(conn: Connection, asked: Sequence[_Asked], pipeline: Pipeline, scene: Scene) -> list[_Asked]:
    """Those without an open opportunity in their product line; of one lead and line the first."""
    there = having_open(conn, [each.lead_id for each in asked], pipeline)
    free: dict[tuple[int, str], _Asked] = {}
    taken: list[_Asked] = []
    for each in asked:
        place = (each.lead_id, line_of(_new(each), pipeline))
        if place in free or place in there:
            taken += [each] if each.cause not in there.get(place, ()) else []
        else:
            free[place] = each
    decide_many(conn, [refused(each, Reason.OPPORTUNITY_OPEN, scene) for each in taken])
    return list(free.values())


def _new(each: _Asked) -> NewOpportunity:
    effect = each.effect
    criteria = (Criterion("campaign", each.one.key, each.deed.step, holds=True, reason=Reason.DONE),)
    return NewOpportunity(
        each.lead_id, effect.name, effect.product_line, effect.value, automatic=True, criteria=criteria
    )


def _open(conn: Connection, asked: Sequence[_Asked], pipeline: Pipeline, scene: Scene) -> None:
    openings = [Opening(_new(each), each.cause, each.one.key) for each in asked]
    zone = scene.settings.local_zone
    opened = open_many(conn, openings, pipeline, now=scene.now, real=scene.real, zone=zone)
    by_cause = {each.cause: each for each in asked}
    told = [replace(_proposal(by_cause[one.cause], one.owner_id), opportunity_id=one.id) for one in opened]
    tell(conn, told, now=scene.now, real=scene.real)


def _propose(conn: Connection, asked: Sequence[_Asked], pipeline: Pipeline, scene: Scene) -> None:
    if not asked:
        return
    there = waiting(conn, [each.lead_id for each in asked])
    asking = [(each, there[each.lead_id]) for each in asked if each.lead_id in there]
    told = [
        refused(each, Reason.COOLDOWN, scene, owner=one.owner, time=one.raised_at.isoformat())
        for each, one in asking
        if one.cause != each.cause
    ]
    decide_many(conn, told)
    fresh = [each for each in asked if each.lead_id not in there]
    owners = assign_many(
        conn, list(dict.fromkeys(each.lead_id for each in fresh)), pipeline.key, scene.now, scene.settings.local_zone
    )
    tell(conn, [_proposal(each, owners[each.lead_id]) for each in fresh], now=scene.now, real=scene.real)


def _proposal(each: _Asked, owner_id: int | None) -> Proposal:
    return Proposal(_new(each), each.cause, each.one.definition.name, owner_id)
