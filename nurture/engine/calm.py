"""Whether time alone changes anything up to an instant: who is in a segment, who comes into a campaign (reads only).

For a clock that jumps. It is asked after a tick that found nothing to do; what is written later makes the answer void.
More than needed may count as a change, less would not do.
"""

from datetime import datetime

from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import CampaignState
from nurture.engine import revisions
from nurture.enrollments import arriving
from nurture.kernel.context import Context
from nurture.segments import store as segment_store
from nurture.segments import upkeep


def is_calm(ctx: Context, until: datetime) -> bool:
    """Whether the looks of all ticks from now until then find nobody, as long as nothing is written."""
    now = ctx.clock.engine()
    with ctx.database.read() as conn:
        facts = segment_store.facts(conn, ctx.settings.zone)
        if not upkeep.is_quiet(conn, now, until, facts):
            return False
        live = campaign_store.bare(conn, [CampaignState.LIVE])
        ready = revisions.load(conn, [one.revision_id for one in live if one.revision_id is not None], facts)
        marks = arriving.survey(conn, [one.id for one in live]).marks
        known = [(one.id, ready[one.revision_id].campaign) for one in live if one.revision_id is not None]
        return all(
            arriving.is_quiet(conn, campaign, marks[number], facts, now, until)
            for number, campaign in known
            if campaign is not None
        )
