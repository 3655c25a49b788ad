"""Taking leads out of campaigns: by hand, when a goal is reached meanwhile, when a campaign is put away (queries).

Whoever leaves gets the reason, and mails of theirs that have not gone are taken back, in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.effects import Leave
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.steps import listens
from nurture.campaigns.tables import campaigns
from nurture.engine import revisions, surroundings
from nurture.engine.settle import Moved, settle
from nurture.enrollments import store
from nurture.enrollments.advance import ends, is_nudged
from nurture.enrollments.model import EnrollmentState, Move, Place
from nurture.kernel.database import among
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.policy.silence import PASSING
from nurture.rules.facts import Facts
from nurture.segments import store as segment_store


def examine(
    conn: Connection,
    lead_ids: Sequence[int],
    now: datetime,
    real: datetime,
    *,
    facts: Facts | None = None,
    zone: str = "Asia/Ho_Chi_Minh",
    language: str = "vi",
) -> list[int]:
    """Look at goal and exit condition of every active enrollment of these leads; gives the enrollments that left.
    A lead that was merged into another leaves whatever it is in.

    To be called when something relevant happened; a step that comes due looks by itself. Those that stay and whose
    step waits for such a thing are looked at by the next tick. `zone` is the installation's, unless facts are given;
    `language` is that of the sentence kept with the reason.
    A fixed number of statements, however many leads.
    """
    places = store.active(conn, lead_ids=lead_ids)
    if not places:
        return []
    facts = facts or segment_store.facts(conn, zone)
    ready = revisions.load(conn, [place.revision_id for place in places], facts)
    known = [(place, one) for place in places if (one := ready[place.revision_id].campaign) is not None]
    merged = _merged(conn, [place.lead_id for place in places])
    ending = [(place, one) for place, one in known if one.may_end or place.lead_id in merged]
    moved = _over(conn, ending, facts, now, language)
    settle(conn, moved, now=now, real=real)
    gone = {one.place.id for one in moved}
    _stir(conn, [(place, one) for place, one in known if place.id not in gone], now)
    return list(gone)


def _merged(conn: Connection, lead_ids: Sequence[int]) -> set[int]:
    query = sa.select(leads.c.id).where(among(leads.c.id, sorted(set(lead_ids))), leads.c.merged_into.is_not(None))
    return set(conn.execute(query).scalars())


def _over(
    conn: Connection, known: Sequence[tuple[Place, Campaign]], facts: Facts, now: datetime, language: str
) -> list[Moved]:
    """Those whose goal is reached or whose exit condition holds."""
    if not known:
        return []
    around = surroundings.load(conn, known, facts, now, zone=facts.zone.key, language=language, keys=None)
    left = [(place, campaign, ends(campaign, place, around.around(place, campaign))) for place, campaign in known]
    return [
        Moved(place, campaign.key, campaign, _out(place, leave)) for place, campaign, leave in left if leave is not None
    ]


def _stir(conn: Connection, known: Sequence[tuple[Place, Campaign]], now: datetime) -> None:
    """Have those looked at whose step waits for what may have happened; and void what a tick is just deciding."""
    nudged = [place.id for place, campaign in known if is_nudged(campaign, place)]
    every = {id(campaign): campaign for _, campaign in known}
    minding = {key: any(listens(step.kind) for step in one.steps.values()) for key, one in every.items()}
    minded = [place.id for place, campaign in known if minding[id(campaign)] or place.held in PASSING]
    if minded:
        store.stir(conn, minded, nudged, now)


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
    return take_each_out(conn, dict.fromkeys(enrollment_ids, Leave(reason)), now=now, real=real, actor=actor)


def take_each_out(
    conn: Connection, leaves: Mapping[int, Leave], *, now: datetime, real: datetime, actor: str = "engine"
) -> list[int]:
    """Let these enrollments leave now, each for its own reason; gives those that were active."""
    places = store.active(conn, ids=list(leaves))
    keys = {row.id: row.key for row in conn.execute(sa.select(campaigns.c.id, campaigns.c.key))}
    moved = [Moved(place, keys[place.campaign_id], None, _out(place, leaves[place.id])) for place in places]
    settle(conn, moved, now=now, real=real, actor=actor)
    return [place.id for place in places]


_ARCHIVED = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.ARCHIVED.value)


def is_archived_left(conn: Connection) -> bool:
    """Whether anybody is under way in a campaign that was put away. Reads only."""
    return conn.execute(_ARCHIVED.limit(1)).first() is not None and store.is_any_active(conn, _ARCHIVED)


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
