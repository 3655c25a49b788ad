"""What the pages of opportunities and alerts share: the pipeline that is live, cards, looks. Needs a request."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from nurture.opportunities import store
from nurture.opportunities.model import OpportunityState, Pipeline
from nurture.web.page import facts, known, now
from nurture.web.session import person
from nurture.web.words import named

LOOKS: Mapping[str, tuple[str, str]] = {  # look of the chip, icon
    OpportunityState.OPEN: ("", "play-circle"),
    OpportunityState.WON: ("good", "trophy"),
    OpportunityState.LOST: ("bad", "x-lg"),
    OpportunityState.RETURNED: ("watch", "arrow-counterclockwise"),
    OpportunityState.WITHDRAWN: ("", "robot"),
}


def pipeline_of(conn: Connection) -> Pipeline | None:
    """The pipeline that is live."""
    return known(conn).pipeline(facts(conn))


def card_of(one: store.Card, pipeline: Pipeline) -> dict[str, Any]:
    """A card with what follows from the pipeline: days in the stage, and whether that is too long."""
    stage = pipeline.stage(one.stage)
    span = now() - one.stage_since
    late = stage is not None and stage.longest is not None and one.state is OpportunityState.OPEN
    return {
        "card": one,
        "days": max(0, span.days),
        "late": bool(late and stage and stage.longest and span > stage.longest),
        "overdue": one.next_at is not None and one.next_at < now() and one.state is OpportunityState.OPEN,
        "stage": named(stage.name) if stage else one.stage,
        "mine": one.owner_id == person().id,
    }
