"""What follows when something came back about a lead: the owner hears of a reply, campaigns end (queries).

By the activity, in the transaction of its effects: a reply is told to the owner and ends the campaigns that say so, a
complaint ends all, and soft bounces are counted, those of the conversation itself too.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.alerts.model import House
from nurture.alerts.replies import Letter, tell
from nurture.campaigns.effects import Leave
from nurture.engine import revisions
from nurture.engine.leave import take_each_out
from nurture.enrollments import store as enrolled
from nurture.inbound.bouncing import give_up
from nurture.inbound.escalation import COUNTING
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.opportunities.model import AlertLimits
from nurture.rules.facts import Facts
from nurture.scoring.model import Happened

_MINDED = frozenset({Kind.REPLIED, Kind.COMPLAINED, Kind.MESSAGE_BOUNCED})


def minds(happened: Iterable[Happened]) -> bool:
    """Whether anything follows from one of these."""
    return any(one.kind in _MINDED for one in happened)


def follow(
    conn: Connection, ctx: Context, happened: Sequence[Happened], facts: Facts, house: House, limits: AlertLimits,
    *, now: datetime, real: datetime,
) -> bool:  # fmt: skip
    """What follows from these activities; whether mail to staff was written."""
    minded = [one for one in happened if one.kind in _MINDED and one.withdrawn_at is None]
    if not minded:
        return False
    replies = [one for one in minded if one.kind is Kind.REPLIED]
    soft = {one.lead_id for one in minded if one.kind is Kind.MESSAGE_BOUNCED and one.detail.get("reason") in COUNTING}
    give_up(conn, ctx, soft, now)
    _end_campaigns(conn, replies, [one for one in minded if one.kind is Kind.COMPLAINED], facts, now, real)
    letters = [_letter(one) for one in replies if one.actor == "lead"]  # what staff note themselves they know
    return bool(tell(conn, letters, limits, house, now=now, real=real))


def _letter(one: Happened) -> Letter:
    detail = one.detail
    return Letter(
        one.lead_id, one.cause_of_effects, str(detail.get("note") or ""), str(detail.get("refusal") or ""),
        bool(detail.get("honored")), detail.get("return"),
    )  # fmt: skip


def _end_campaigns(
    conn: Connection, replies: Sequence[Happened], complaints: Sequence[Happened], facts: Facts, now: datetime,
    real: datetime,
) -> None:  # fmt: skip
    """Out of all campaigns after a complaint; out of those that end with a reply to a mail of theirs."""
    complained = {one.lead_id for one in complaints}
    answered = {(one.lead_id, one.campaign_key) for one in replies}
    places = enrolled.active(conn, lead_ids=sorted(complained | {lead_id for lead_id, _ in answered}))
    if not places:
        return
    ready = revisions.load(conn, [one.revision_id for one in places if one.lead_id not in complained], facts)
    leaves = {}
    for place in places:
        if place.lead_id in complained:
            leaves[place.id] = Leave(Reason.COMPLAINED, {"date": now.isoformat(timespec="seconds")})
            continue
        campaign = ready[place.revision_id].campaign
        if campaign is None or not campaign.sending.exit_on_reply:
            continue
        if {(place.lead_id, None), (place.lead_id, campaign.key)} & answered:
            leaves[place.id] = Leave(Reason.LEFT_ON_REPLY)
    if leaves:
        take_each_out(conn, leaves, now=now, real=real)
