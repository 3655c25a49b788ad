"""Queries of policy: who asks for silence, and when the engine stood still."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import Id, among
from nurture.kernel.ready import Ready
from nurture.leads.tables import leads
from nurture.policy.silence import Quiet
from nurture.policy.tables import runs
from nurture.users.tables import users

STANDSTILL = timedelta(minutes=10)  # a longer time without a look is one in which nothing ran
EVERY = timedelta(minutes=1)  # how often a run is written down
_REMEMBERED = timedelta(days=400)

# Of the open deals only this matters here. The stage that owns the table stands above this one.
_deals = sa.table("opportunities", sa.column("lead_id", Id), sa.column("owner_id", Id), sa.column("state", sa.Text))


def _quiet_query() -> sa.Select[tuple[object, ...]]:
    owner, seller = users.alias("owner"), users.alias("seller")
    deal = sa.and_(_deals.c.lead_id == leads.c.id, _deals.c.state == "open")
    tables = (
        leads.outerjoin(owner, owner.c.id == leads.c.owner_id)
        .outerjoin(_deals, deal)
        .outerjoin(seller, seller.c.id == _deals.c.owner_id)
    )
    asks = sa.or_(leads.c.paused_at.is_not(None), leads.c.replied_at.is_not(None), _deals.c.lead_id.is_not(None))
    return (
        sa.select(
            leads.c.id,
            leads.c.paused_at,
            leads.c.replied_at,
            owner.c.name.label("owner"),
            _deals.c.lead_id.label("deal"),
            seller.c.name.label("seller"),
        )
        .select_from(tables)
        .where(among(leads.c.id, "ids"), asks)
        .order_by(leads.c.id, seller.c.name)
    )


_QUIET = Ready(_quiet_query())


def quiet(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Quiet]:
    """What asks for silence with each of these leads; those with whom nothing does are left out."""
    if not lead_ids:
        return {}
    found: dict[int, Quiet] = {}
    for row in _QUIET.rows(conn, ids=list(lead_ids)):
        seller = row.seller or row.owner or ""
        one = Quiet(row.paused_at, row.replied_at, row.owner or "", row.deal is not None, seller if row.deal else "")
        found.setdefault(row.id, one)
    return found


def outages(conn: Connection, since: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """The standstills that reach into the time after `since`, in order; the one that has just ended included."""
    query = sa.select(runs.c.began_at, runs.c.seen_at).where(runs.c.began_at <= now).order_by(runs.c.began_at)
    last = sa.select(sa.func.max(runs.c.began_at)).where(runs.c.began_at <= since).scalar_subquery()
    rows = conn.execute(query.where(runs.c.began_at >= sa.func.coalesce(last, since))).all()
    between = [(low.seen_at, high.began_at) for low, high in pairwise(rows)]
    if rows and now - rows[-1].seen_at > STANDSTILL:
        between.append((rows[-1].seen_at, now))
    return [(low, high) for low, high in between if high > since]


def last_beat(conn: Connection) -> datetime | None:
    """When the engine last noted that it runs; None when it never did."""
    seen: datetime | None = conn.execute(sa.select(sa.func.max(runs.c.seen_at))).scalar_one()
    return seen


def beat(conn: Connection, now: datetime) -> None:
    """Note that the engine looks at what is due now: the run goes on, or another begins."""
    last = conn.execute(sa.select(runs).order_by(runs.c.seen_at.desc(), runs.c.id.desc()).limit(1)).one_or_none()
    if last is not None and now - last.seen_at <= STANDSTILL:
        conn.execute(runs.update().where(runs.c.id == last.id, runs.c.seen_at < now).values(seen_at=now))
        return
    conn.execute(runs.insert().values(began_at=now, seen_at=now))
    conn.execute(runs.delete().where(runs.c.seen_at < now - _REMEMBERED))
