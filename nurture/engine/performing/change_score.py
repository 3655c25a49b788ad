"""Count points for leads: a line of the ledger for each (enrollment, step, round), and what it moves (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.campaigns.effects import ChangeScore
from nurture.engine.scene import Asked, Done, Scene
from nurture.scoring.many import Gift, give
from nurture.scoring.model import Axis, ScoringRules
from nurture.scoring.published import live
from nurture.segments.store import facts

EFFECT = ChangeScore
HOLDS = True
_BEFORE = ScoringRules("")  # before any were published: temperature alone


def perform(conn: Connection, asked: Sequence[Asked[ChangeScore]], scene: Scene) -> Done:
    """Points that were not counted yet."""
    gifts = [
        Gift(each.lead_id, Axis(each.effect.axis), each.effect.points, each.effect.reason, each.cause, each.one.key)
        for each in asked
    ]
    rules = live(conn, facts(conn, scene.settings.zone)) or _BEFORE
    give(conn, gifts, rules, scene.settings.language, now=scene.now, real=scene.real)
    return Done()
