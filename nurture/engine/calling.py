"""The last look at webhooks and text messages before they leave, in the transaction that lets them go (queries).

What was committed before it counts: a stopped campaign, a merged lead, a refusal, silence, the window. A webhook tells
what has happened: only a campaign that was put away holds it back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import house as houses
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.consents.model import Channel
from nurture.consents.store import standing
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.outbound.model import Call, CallKind, CallState, Judge, Later, Proceed, Stop
from nurture.outbound.refusal import sms_refusal
from nurture.policy import store as policies
from nurture.policy.decide import Defer, Keep, Policy, Send, Skip, decide, read_policy
from nurture.policy.silence import PASSING

_Verdict = Proceed | Later | Stop
_LOOK_AGAIN = timedelta(minutes=10)  # at a text that waits for somebody to do something: nothing rings for it


def judge(ctx: Context) -> Judge:
    """The judge of calls that are about to leave."""

    def look(conn: Connection, calls: Sequence[Call]) -> Mapping[int, _Verdict]:
        away = _put_away(conn, calls)
        texts = [call for call in calls if call.kind is CallKind.SMS]
        found = _texts(conn, ctx, texts) if texts else {}
        stopped = Stop(CallState.CANCELED, Reason.CAMPAIGN_STOPPED)
        return {call.id: stopped if call.campaign_id in away else found.get(call.id, Proceed()) for call in calls}

    return look


def _put_away(conn: Connection, calls: Sequence[Call]) -> set[int | None]:
    ids = {call.campaign_id for call in calls if call.campaign_id is not None}
    query = sa.select(campaigns.c.id).where(campaigns.c.id.in_(sorted(ids)))
    return set(conn.execute(query.where(campaigns.c.state == CampaignState.ARCHIVED.value)).scalars())


def _texts(conn: Connection, ctx: Context, calls: Sequence[Call]) -> dict[int, _Verdict]:
    """A refusal of the number it was written for counts, and one of the number the lead has now."""
    ids = sorted({call.lead_id for call in calls})
    query = sa.select(leads.c.id, leads.c.phone, leads.c.merged_into).where(leads.c.id.in_(ids))
    rows = {row.id: row for row in conn.execute(query)}
    house, quiet, now = houses.live(conn), policies.quiet(conn, ids), ctx.clock.engine()
    present = standing(conn, ctx.keys, [(row.id, row.phone) for row in rows.values()], Channel.SMS)
    found: dict[int, _Verdict] = {}
    for call in calls:
        if rows[call.lead_id].merged_into is not None:
            found[call.id] = Stop(CallState.CANCELED, Reason.MERGED)
            continue
        written = present[call.lead_id]
        if rows[call.lead_id].phone != call.target:
            written = standing(conn, ctx.keys, [(call.lead_id, call.target)], Channel.SMS)[call.lead_id]
        refusal = sms_refusal(written, call.class_) or sms_refusal(present[call.lead_id], call.class_)
        policy, zone = _policy(call, ctx.settings.zone)
        held = quiet[call.lead_id].held(call.class_) if call.lead_id in quiet else None
        decided = decide(policy, zone, now, house=house.of(call.class_), refusal=refusal, held=held)
        found[call.id] = _verdict(decided, now)
    return found


def _policy(call: Call, zone: str) -> tuple[Policy, Any]:
    """Window and zone; caps count emails."""
    policy, where = read_policy(call.policy, zone)
    return Policy(policy.window), where


def _verdict(decided: Send | Defer | Keep | Skip, now: datetime) -> _Verdict:
    match decided:
        case Send():
            return Proceed()
        case Defer(_, reason, detail) if reason in PASSING:
            return Later(now + _LOOK_AGAIN, reason, detail)
        case Defer(until, reason, detail):
            return Later(until, reason, detail)
        case Keep(reason, detail) | Skip(reason, detail):
            return Stop(CallState.SKIPPED, reason, detail)
