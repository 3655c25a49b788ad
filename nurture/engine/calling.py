"""The last look at webhooks and text messages before they leave, in the transaction that lets them go (queries).

What was committed before it counts: a stopped campaign, a merged lead, a refusal, silence, the window. A webhook tells
what has happened: only a campaign that was put away holds it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import house as houses
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.consents.model import Channel, Purpose, Standing
from nurture.consents.store import standing, words_of
from nurture.delivery.turn_store import lock_quotas
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import MessageClass
from nurture.outbound import store as outbox
from nurture.outbound.model import Call, CallKind, CallState, Judge, Later, Proceed, Stop
from nurture.outbound.refusal import sms_refusal
from nurture.policy import store as policies
from nurture.policy.decide import Defer, Keep, Policy, Send, Skip, decide, read_policy
from nurture.policy.law import DAY, UNBOUND, Bounds, Law, agreed_cap
from nurture.policy.laws import profile
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
    limits = _Limits(conn, ctx, calls)  # it may wait: what was committed meanwhile counts
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
        policy, zone = _policy(call, ctx.settings.zone)
        refusal = sms_refusal(written, call.class_, policy.topic) or sms_refusal(
            present[call.lead_id], call.class_, policy.topic
        )
        bounds = limits.of(call, written)
        held = quiet[call.lead_id].held(call.class_) if call.lead_id in quiet else None
        decided = decide(policy, zone, now, house=house.of(call.class_), refusal=refusal, held=held, bounds=bounds)
        if isinstance(decided, Send):
            limits.count(call)
        found[call.id] = _verdict(decided, now)
    return found


class _Limits:
    """The law's hours and cap of advertising by text, by the number; what the lead asked for. Locks the numbers."""

    def __init__(self, conn: Connection, ctx: Context, calls: Sequence[Call]) -> None:
        self._law: Law = profile(ctx.settings.law)
        self._now = ctx.clock.engine()
        ours = [call for call in calls if _advertises(call)]
        numbers = {call.target for call in ours}
        lock_quotas(conn, [ctx.keys.address_hash(one) for one in numbers], ctx.clock.real())
        kind = MessageClass.ADVERTISING.value
        self._gone = outbox.texted(conn, numbers, kind, since=self._now - DAY, now=self._now) if ours else {}
        words = words_of(conn, sorted({call.lead_id for call in ours}), Channel.SMS)
        yes = {lead: of.get(Purpose.ADVERTISING) for lead, of in words.items()}
        self._agreed = {lead: one.per_day for lead, one in yes.items() if one is not None and one.given}

    def of(self, call: Call, stands: Standing) -> Bounds:
        pause = stands.paused(call.class_, self._now)
        if not _advertises(call):
            return replace(UNBOUND, pause=pause)
        figure, law = self._agreed.get(call.lead_id), self._law
        gone = tuple(self._gone.get(call.target, ()))
        cap = agreed_cap(law.sms_cap, figure)
        return Bounds(cap, gone, law.sms_hours, pause, law.key, agreed=figure is not None)

    def count(self, call: Call) -> None:
        """This one goes, and counts for those asked about after it."""
        if _advertises(call):
            self._gone.setdefault(call.target, []).append(self._now)


def _advertises(call: Call) -> bool:
    return call.class_ == MessageClass.ADVERTISING.value


def _policy(call: Call, zone: str) -> tuple[Policy, Any]:
    """Window and zone; caps count emails."""
    policy, where = read_policy(call.policy, zone)
    return Policy(policy.window, topic=policy.topic), where


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
