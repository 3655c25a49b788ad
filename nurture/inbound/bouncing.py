"""What a bounce changes: message, address, timeline; and when soft ones are given up on (queries).

In the caller's transaction, a fixed number of statements for any many. Only reasons that say that the address is gone
close it at once.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.activities.tables import activities
from nurture.consents.model import SuppressionReason
from nurture.delivery.settle import LaterBounce, bounced_later
from nurture.inbound.deciding import Case
from nurture.inbound.escalation import COUNTING, gives_up
from nurture.inbound.matching import Found
from nurture.inbound.model import Outcome
from nurture.inbound.refusing import Closing, close
from nurture.kernel.context import Context
from nurture.kernel.database import Instant, among, update_rows
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import follow_end
from nurture.messages.tables import messages

ESCALATED = "soft bounces"  # origin of a suppression
_ACTED = frozenset({Outcome.DONE, Outcome.COUNTED, Outcome.OURS})
_ALIVE = frozenset({Kind.OPENED, Kind.CLICKED, Kind.REPLIED, Kind.FORM_SUBMITTED})


def bounce(conn: Connection, ctx: Context, cases: Sequence[Case], now: datetime, real: datetime) -> bool:
    """Act on bounces; whether activities wait for their effects."""
    acted = [case for case in cases if case.outcome in _ACTED]
    if not acted:
        return False
    known = [case for case in acted if case.found.message_id is not None]
    told = [LaterBounce(case.found.message_id or 0, case.reason, _detail(case)) for case in known]
    moved = bounced_later(conn, ctx, told) if told else []
    moved += _deferred(conn, known, now, real)
    if moved:
        conn.execute(messages.update().where(among(messages.c.id, moved)).values(delivered_at=None))
    alone = [case for case in acted if case.found.message_id is None and case.found.lead_id is not None]
    record_set(conn, [_line(ctx, case, now) for case in alone], real=real)
    gone = [case for case in acted if case.is_hard and case.found.address]
    close(conn, [_closing(ctx, case) for case in gone], now)
    soft = {case.found.lead_id for case in acted if case.outcome is Outcome.COUNTED} - {None}
    give_up(conn, ctx, [one for one in soft if one is not None], now)
    return bool(moved or alone)


def _detail(case: Case) -> dict[str, Any]:
    if case.found.erased:
        return {}
    said = f"{case.told.status} {case.told.diagnostic}" if case.told.status not in case.told.diagnostic else ""
    return {"answer": (said or case.told.diagnostic or case.told.status).strip()}


def _closing(ctx: Context, case: Case) -> Closing:
    return Closing(ctx.keys.address_hash(case.found.address), SuppressionReason.BOUNCED, f"return:{case.id}")


def _told(case: Case) -> dict[str, Any]:
    return {**_detail(case), "hard": case.is_hard, "reason": case.reason.value}


def _line(ctx: Context, case: Case, now: datetime) -> Activity:
    """Of a bounce that names no mail: the timeline says it of the address, once a day, since mailbox and provider may
    both tell it."""
    address_hash = ctx.keys.address_hash(case.found.address)
    key = f"address:{address_hash}:bounced:{now.astimezone(ctx.settings.local_zone).date()}:{case.is_hard}"
    detail = {**_told(case), "to": address_hash}
    cause = f"return:{case.id}"
    return Activity(case.found.lead_id or 0, Kind.MESSAGE_BOUNCED, now, "engine", cause, key, detail=detail)


_LATER = ("state", "reason", "detail", "retry_at", "ended_at", "lease_until", "lease_holder")


def _deferred(conn: Connection, cases: Sequence[Case], now: datetime, real: datetime) -> list[int]:
    """Those that wait for another try though the receiver has spoken: the relay took one and said that it did not."""
    waiting = {case.found.message_id or 0: case for case in cases if _state(case.found) is MessageState.DEFERRED}
    if not waiting:
        return []
    query: sa.Select[Any] = sa.select(messages.c.id, messages.c.enrollment_id, messages.c.purpose).where(
        among(messages.c.id, sorted(waiting)), messages.c.state == MessageState.DEFERRED.value
    )
    rows = conn.execute(query.order_by(messages.c.id).with_for_update(key_share=True)).all()
    update_rows(conn, messages, _LATER, [_ended(waiting[row.id], now) for row in rows])
    lines = [_of_message(waiting[row.id], now) for row in rows if waiting[row.id].found.lead_id is not None]
    record_set(conn, lines, real=real)
    follow_end(conn, rows)
    return [row.id for row in rows]


def _state(found: Found) -> MessageState | None:
    return None if found.message is None else MessageState(found.message.state)


def _ended(case: Case, now: datetime) -> tuple[Any, ...]:
    why = Reason.HARD_BOUNCE if case.is_hard else Reason.SOFT_BOUNCE
    return case.found.message_id, MessageState.BOUNCED.value, why.value, _told(case), None, now, None, None


def _of_message(case: Case, now: datetime) -> Activity:
    cause, row = f"message:{case.found.message_id}", case.found.message
    return Activity(
        case.found.lead_id or 0, Kind.MESSAGE_BOUNCED, now, "engine", cause, f"{cause}:{Kind.MESSAGE_BOUNCED.value}",
        case.found.message_id, row and row.campaign_key, row and row.template_key, detail=_told(case),
    )  # fmt: skip


# soft bounces, also those of the conversation with the receiver's own server


def give_up(conn: Connection, ctx: Context, lead_ids: Collection[int], now: datetime) -> set[int]:
    """Close the addresses of these leads that were full or disabled too often; gives the leads."""
    limits = ctx.settings.soft_bounces
    if not lead_ids or limits.count == 0:
        return set()
    ids = sorted(set(lead_ids))
    addresses = {
        row.id: row.email
        for row in conn.execute(sa.select(leads.c.id, leads.c.email).where(among(leads.c.id, ids)))
        if row.email
    }
    bounces, alive = _history(conn, ctx, addresses, now - limits.span)
    zone = ctx.settings.local_zone
    over = {one for one, at in bounces.items() if gives_up(at, alive.get(one), now, limits, zone)}
    closed = close(
        conn,
        [Closing(ctx.keys.address_hash(addresses[one]), SuppressionReason.BOUNCED, ESCALATED) for one in sorted(over)],
        now,
    )
    return {one for one in over if ctx.keys.address_hash(addresses[one]) in closed}


def _history(
    conn: Connection, ctx: Context, addresses: dict[int, str], since: datetime
) -> tuple[dict[int, list[datetime]], dict[int, datetime]]:
    """When soft bounces of the present address came, and the last sign of life, of each lead."""
    a, m = activities.c, messages.c
    kinds = [one.value for one in (Kind.MESSAGE_BOUNCED, *sorted(_ALIVE))]
    query: sa.Select[Any] = (
        sa.select(a.lead_id, a.kind, a.occurred_at, a.detail, m.address)
        .select_from(activities.outerjoin(messages, m.id == a.message_id))
        .where(among(a.lead_id, sorted(addresses)), a.kind.in_(kinds), a.occurred_at >= since, a.withdrawn_at.is_(None))
    )
    bounces: dict[int, list[datetime]] = defaultdict(list)
    nameless: list[tuple[int, datetime]] = []
    alive: dict[int, datetime] = {}
    for row in conn.execute(query):
        if row.kind != Kind.MESSAGE_BOUNCED.value:
            alive[row.lead_id] = max(alive.get(row.lead_id, row.occurred_at), row.occurred_at)
        elif _counts(ctx, row, addresses[row.lead_id]):
            if row.address:
                bounces[row.lead_id].append(row.occurred_at)
            else:
                nameless.append((row.lead_id, row.occurred_at))
    zone = ctx.settings.local_zone
    days = {(one, at.astimezone(zone).date()) for one, found in bounces.items() for at in found}
    for one, at in nameless:  # what names no mail counts where nothing else was told of that day
        if (one, at.astimezone(zone).date()) not in days:
            bounces[one].append(at)
    arrived: sa.Select[Any] = (
        sa.select(m.lead_id, sa.func.max(m.gone_at, type_=Instant).label("at"))
        .where(among(m.lead_id, sorted(bounces)), m.delivered_at.is_not(None), m.user_id.is_(None))
        .where(m.state != MessageState.BOUNCED.value, m.gone_at >= since)
        .group_by(m.lead_id)
    )
    for row in conn.execute(arrived) if bounces else ():
        alive[row.lead_id] = max(alive.get(row.lead_id, row.at), row.at)
    return bounces, alive


def _counts(ctx: Context, row: Any, address: str) -> bool:
    """Whether the bounce is about the address that the lead has now, and of a kind that counts."""
    detail = row.detail or {}
    if detail.get("reason") not in COUNTING:
        return False
    return row.address == address if row.address else detail.get("to") == ctx.keys.address_hash(address)
