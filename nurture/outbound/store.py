"""Queries on calls to the world outside: what may leave now, how a campaign's and a lead's calls stand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.kernel.database import Id
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.outbound.model import Call, CallKind, CallState
from nurture.outbound.tables import outbox
from nurture.users.model import Person

# What is asked of a campaign's row; the stage that owns the table stands above this one.
_campaigns = sa.table(
    "campaigns", sa.column("id", Id), sa.column("state", sa.Text), sa.column("key", sa.Text), sa.column("name")
)
QUEUED = sa.text("outbox.state = 'queued'")
SENDING = sa.text("outbox.state = 'sending'")
_IS_ANY = sa.select(outbox.c.id).where(sa.or_(QUEUED, SENDING)).limit(1)  # built once, and cheap while there is none


def _waiting(now: datetime, real: datetime, resting: Collection[str]) -> sa.ColumnElement[bool]:
    """What may leave: not of a paused campaign, nor to a host that rests."""
    o = outbox.c
    paused = sa.select(_campaigns.c.id).where(_campaigns.c.state == "paused")
    return sa.and_(
        QUEUED,
        o.not_before <= now,
        sa.or_(o.retry_at.is_(None), o.retry_at <= real),
        sa.or_(o.campaign_id.is_(None), o.campaign_id.not_in(paused)),
        o.host.not_in(sorted(resting)) if resting else sa.true(),
    )


def due(
    conn: Connection, limit: int, *, now: datetime, real: datetime, resting: Collection[str] = ()
) -> list[Row[Any]]:
    """Calls that may leave, locked, those planned first before others."""
    query = sa.select(outbox).where(_waiting(now, real, resting)).order_by(outbox.c.not_before, outbox.c.id)
    return list(conn.execute(query.limit(limit).with_for_update(key_share=True, skip_locked=True, of=outbox)))


def is_any_due(conn: Connection, *, now: datetime, real: datetime, at: datetime, resting: Collection[str] = ()) -> bool:
    """Whether there is something to do: a call that may leave, or one whose worker is gone. `at` is database time."""
    if conn.execute(_IS_ANY).first() is None:
        return False
    lost = sa.and_(SENDING, outbox.c.lease_until < at)
    return any(
        conn.execute(sa.select(outbox.c.id).where(each).limit(1)).first() is not None
        for each in (_waiting(now, real, resting), lost)
    )


def lost(conn: Connection, at: datetime, limit: int = 200) -> list[Row[Any]]:
    """Calls whose worker did not come back in time, locked. `at` is database time."""
    query = sa.select(outbox).where(SENDING, outbox.c.lease_until < at).order_by(outbox.c.id).limit(limit)
    return list(conn.execute(query.with_for_update(key_share=True, skip_locked=True, of=outbox)))


def under_way(conn: Connection, call: Call) -> Row[Any] | None:
    """The row of a call that is still this worker's, locked; None when it was recovered meanwhile."""
    query = sa.select(outbox).where(outbox.c.id == call.id, SENDING, outbox.c.fence == call.fence)
    return conn.execute(query.with_for_update(key_share=True, of=outbox)).first()


_TEXTED = sa.text("outbox.kind = 'sms'")
_MAY_HAVE_GONE = (CallState.SENT.value, CallState.UNKNOWN.value)


def texted(
    conn: Connection, numbers: Collection[str], message_class: str, *, since: datetime, now: datetime
) -> dict[str, list[datetime]]:
    """When text messages of this class went, or may have gone, to these numbers after an instant of engine time.

    Those that are under way count as of now.
    """
    o = outbox.c
    went = sa.and_(o.state.in_(_MAY_HAVE_GONE), o.ended_at > since)
    query = sa.select(o.target, o.ended_at).where(
        _TEXTED, o.target.in_(sorted(numbers)), o.class_ == message_class, sa.or_(SENDING, went)
    )
    found: dict[str, list[datetime]] = {}
    for row in conn.execute(query):
        found.setdefault(row.target, []).append(row.ended_at or now)
    return found


def answers(conn: Connection, asking: Collection[tuple[int, str, int]]) -> dict[int, Mapping[str, Any]]:
    """What came of webhooks that have ended, by enrollment: `{"state": "ok"|"failed", "at": …}`.

    `asking` is (enrollment, step, round) of steps that wait.
    """
    o = outbox.c
    if not asking:
        return {}
    causes = [f"enrollment:{enrollment}/{step}/{occurrence}" for enrollment, step, occurrence in asking]
    query = sa.select(o.enrollment_id, o.state, o.ended_at).where(o.cause.in_(causes), o.ended_at.is_not(None))
    return {
        row.enrollment_id: {"state": "ok" if row.state == CallState.SENT.value else "failed", "at": row.ended_at}
        for row in conn.execute(query)
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A call as a list shows it."""

    id: int
    public_id: str
    kind: CallKind
    state: CallState
    reason: str
    detail: Mapping[str, Any]
    name: str
    target: str
    body: str
    parts: int
    attempts: int
    status: int | None
    answer: str
    step: str
    planned_at: datetime
    not_before: datetime
    retry_at: datetime | None
    tried_at: datetime | None
    ended_at: datetime | None
    campaign_key: str | None
    lead_public_id: str
    lead: str


_NAME = sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.phone, "")
_OWN = tuple(outbox.c[name] for name in Shown.__slots__ if name in outbox.c)


def _shown() -> sa.Select[Any]:
    columns = [*_OWN, _campaigns.c.key.label("campaign_key"), leads.c.public_id.label("lead_public_id")]
    return (
        sa.select(*columns, _NAME.label("lead"))
        .join(leads, leads.c.id == outbox.c.lead_id)
        .outerjoin(_campaigns, _campaigns.c.id == outbox.c.campaign_id)
        .order_by(outbox.c.id.desc())
    )


def _call(row: Row[Any]) -> Shown:
    values = {**row._asdict(), "detail": row.detail or {}, "kind": CallKind(row.kind), "state": CallState(row.state)}
    return Shown(**values)


def page(
    conn: Connection,
    *,
    campaign: str | None = None,
    state: str = "",
    kind: str = "",
    seen_by: Person | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Shown], int | None]:
    """Calls, the latest first, and the id to go on before."""
    query = _shown().limit(limit + 1)
    if campaign is not None:
        query = query.where(_campaigns.c.key == campaign)
    if state:
        query = query.where(outbox.c.state == state)
    if kind:
        query = query.where(outbox.c.kind == kind)
    if seen_by is not None:
        query = query.where(visible(seen_by))
    if before is not None:
        query = query.where(outbox.c.id < before)
    rows = conn.execute(query).all()
    return [_call(row) for row in rows[:limit]], (rows[limit - 1].id if len(rows) > limit else None)


def of_lead(conn: Connection, lead_id: int, limit: int = 10) -> list[Shown]:
    """The latest calls about a lead."""
    return [_call(row) for row in conn.execute(_shown().where(outbox.c.lead_id == lead_id).limit(limit))]


def get(conn: Connection, public_id: str, *, seen_by: Person | None = None) -> Shown | None:
    """One call, unless its lead is hidden from this person."""
    query = _shown().where(outbox.c.public_id == public_id)
    row = conn.execute(query if seen_by is None else query.where(visible(seen_by))).first()
    return _call(row) if row is not None else None


def account(
    conn: Connection, campaign: str | None = None, *, seen_by: Person | None = None
) -> dict[tuple[CallKind, CallState], int]:
    """How many calls stand where, by kind and state; every call counts once."""
    query = sa.select(outbox.c.kind, outbox.c.state, sa.func.count()).group_by(outbox.c.kind, outbox.c.state)
    if campaign is not None:
        query = query.where(outbox.c.campaign_id.in_(sa.select(_campaigns.c.id).where(_campaigns.c.key == campaign)))
    if seen_by is not None and not seen_by.sees_all:
        query = query.join(leads, leads.c.id == outbox.c.lead_id).where(visible(seen_by))
    return {(CallKind(kind), CallState(state)): count for kind, state, count in conn.execute(query)}


def campaign_keys(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """Keys of campaigns by their ids."""
    query = sa.select(_campaigns.c.id, _campaigns.c.key).where(_campaigns.c.id.in_(sorted(set(ids))))
    return {row.id: row.key for row in conn.execute(query)} if ids else {}


def as_call(row: Row[Any], *, fence: int, attempts: int, first_at: datetime) -> Call:
    """A row as a worker's call."""
    same: Sequence[str] = (
        "id", "public_id", "webhook_id", "name", "target", "body", "created_at", "lead_id", "campaign_id",
        "enrollment_id", "step", "class_",
    )  # fmt: skip
    values: dict[str, Any] = {name: getattr(row, name) for name in same}
    return Call(
        **values, kind=CallKind(row.kind), fence=fence, attempts=attempts, first_at=first_at, policy=row.policy or {}
    )  # fmt: skip
