"""Set facts of leads, each with its line in the timeline (queries)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from nurture.campaigns.effects import ChangeField
from nurture.engine.scene import Asked, Done, Scene, by
from nurture.leads import many
from nurture.leads.model import Lifecycle

EFFECT = ChangeField
HOLDS = True


def perform(conn: Connection, asked: Sequence[Asked[ChangeField]], scene: Scene) -> Done:
    """Facts that differ; what is so already stays without a line. Of two for one field the later counts."""
    facts: dict[int, dict[str, Any]] = defaultdict(dict)
    stages: dict[int, Lifecycle] = {}
    for each in asked:
        if each.effect.field == "lifecycle":
            stages[each.lead_id] = Lifecycle(each.effect.value)
        else:
            facts[each.lead_id][each.effect.field] = each.effect.value
    many.change(conn, facts, by(asked, scene))
    many.set_lifecycle(conn, stages, by(asked, scene))
    return Done()
