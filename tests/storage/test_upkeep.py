"""What each tick looks after: rating by new rules, decay by the day."""

from datetime import timedelta

import sqlalchemy as sa

from nurture.engine.react import react
from nurture.engine.upkeep import upkeep
from nurture.kernel.context import Context
from nurture.scoring.tables import score_entries, score_sweeps
from tests.storage import selling
from tests.storage.selling import PRICES


def test_leads_that_were_there_are_rated_and_engagement_decays(context: Context) -> None:
    """Once for each text of rules, once for each day."""
    lead = selling.lead(context, phone="+84901234567", city="Huế", city_folded="hue")
    selling.publish(context)
    while upkeep(context):
        pass
    selling.happen(context, lead, url=PRICES)
    while react(context):
        pass
    assert (selling.row(context, lead).fit, selling.row(context, lead).engagement) == (15, 25)
    context.clock.advance(timedelta(days=9))
    while upkeep(context):
        pass
    with context.database.read() as conn:
        decayed = conn.execute(sa.select(score_entries.c.points).where(score_entries.c.rule == "decay")).scalars().all()
        days = conn.execute(sa.select(sa.func.count()).select_from(score_sweeps)).scalar_one()
    assert list(decayed) == [-1, -1]
    assert selling.row(context, lead).engagement == 23
    assert days == 11


def test_with_nothing_due_nothing_is_written(context: Context) -> None:
    """It gives 0, and only looked."""
    selling.publish(context)
    while upkeep(context):
        pass
    assert upkeep(context) == 0
