"""Taking leads out of campaigns: by hand, when a goal is reached meanwhile, when a campaign is put away (queries).

Whoever leaves gets the reason, and mails of theirs that have not gone are taken back, in the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.effects import Leave
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.engine import revisions, surroundings
from nurture.engine.settle import Moved, settle
from nurture.enrollments import store
from nurture.enrollments.advance import ends
from nurture.enrollments.model import EnrollmentState, Move, Place
from nurture.kernel.reasons import Reason
from nurture.rules.facts import Facts
from nurture.segments import store as segment_store


def examine(
    conn: Connection,
    lead_ids: Sequence[int],
    now: datetime,
    real: datetime,
    *,
    facts: Facts | None = None,
    language: str = "vi",
) -> list[int]:
    """Look at goal and exit condition of every active enrollment of these leads; gives the enrollments that left.

    To be called when something relevant happened; a step that comes due looks by itself. `language` is that of the
    sentence kept with the reason.
    """
    places = store.active(conn, lead_ids=lead_ids)
    if not places:
        return []
    facts = facts or segment_store.facts(conn)
    ready = revisions.load(conn, [place.revision_id for place in places], facts)
    known = [(place, one) for place in places if (one := ready[place.revision_id].campaign) is not None and one.may_end]
    if not known:
        return []
    zone = facts.zone.key
    around = surroundings.load(conn, known, facts, now, zone=zone, language=language, keys=None)
    moved = []
    for place, campaign in known:
        leave = ends(campaign, place, around.around(place, campaign))
        if leave is not None:
            moved.append(Moved(place, campaign.key, campaign, _out(place, leave)))
    settle(conn, moved, now=now, real=real)
    return [one.place.id for one in moved]


def take_out(
    conn: Connection,
    enrollment_ids: Sequence[int],
    *,
    now: datetime,
    real: datetime,
    actor: str = "engine",
    reason: Reason = Reason.LEFT_BY_HAND,
) -> list[int]:
    """Let these enrollments leave now; gives those that were active."""
    places = store.active(conn, ids=enrollment_ids)
    keys = {row.id: row.key for row in conn.execute(sa.select(campaigns.c.id, campaigns.c.key))}
    moved = [Moved(place, keys[place.campaign_id], None, _out(place, Leave(reason))) for place in places]
    settle(conn, moved, now=now, real=real, actor=actor)
    return [place.id for place in places]


_ARCHIVED = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.ARCHIVED.value)


def is_archived_left(conn: Connection) -> bool:
    """Whether anybody is under way in a campaign that was put away. Reads only."""
    return store.is_any_active(conn, _ARCHIVED)


def end_archived(conn: Connection, *, now: datetime, real: datetime, limit: int = 500) -> int:
    """Let the leads of campaigns that were put away leave, at most `limit`; gives how many left."""
    ids = [place.id for place in store.active(conn, campaigns=_ARCHIVED, limit=limit)]
    return len(take_out(conn, ids, now=now, real=real, reason=Reason.CAMPAIGN_STOPPED)) if ids else 0


def _out(place: Place, leave: Leave) -> Move:
    return Move(
        EnrollmentState.EXITED,
        place.step,
        place.occurrence,
        place.planned_at,
        place.arrived_at,
        None,
        reason=leave.reason,
        detail=dict(leave.detail),
        memory=place.memory,
    )
