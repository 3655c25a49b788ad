"""Queries of handing over: what may go, what a go must know, who hands over, and how the route stands."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts.model import HELD
from nurture.broadcasts.tables import broadcasts
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.delivery.tables import routes, senders
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Instant, among, upsert
from nurture.kernel.reasons import Reason
from nurture.messages.store import attachments
from nurture.messages.tables import messages, template_revisions

# Spelled out, so that the partial indexes of messages serve them.
WAITING = sa.text("messages.state IN ('queued', 'deferred')")
SENDING = sa.text("messages.state = 'sending'")
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_SENDER: sa.BindParameter[Any] = sa.bindparam("holder")


def candidates(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """What may go now, in line: the urgent before the others, then the longest waiting. `now` engine, `real` real, `at`
    database time. Read along an index: nothing is sorted, however many wait."""
    paused = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.PAUSED.value)
    held = sa.select(broadcasts.c.id).where(
        broadcasts.c.state.in_([sa.literal_column(f"'{state.value}'") for state in HELD])
    )
    now, real, at = (sa.bindparam(name, type_=Instant) for name in ("now", "real", "at"))
    return (
        sa.select(*columns)
        .where(WAITING, messages.c.not_before <= now)
        .where(sa.or_(messages.c.retry_at.is_(None), messages.c.retry_at <= real))
        .where(sa.or_(messages.c.lease_until.is_(None), messages.c.lease_until < at))
        .where(sa.or_(messages.c.campaign_id.is_(None), messages.c.campaign_id.not_in(paused)))
        .where(sa.or_(messages.c.broadcast_id.is_(None), messages.c.broadcast_id.not_in(held)))
        .where(sa.or_(messages.c.broadcast_id.is_(None), messages.c.step.is_not(None)))  # else its text is not chosen
        .where(messages.c.reason != Reason.HELD_LATE.value)
        .order_by(messages.c.priority, messages.c.not_before, messages.c.id)
    )


def _lent() -> sa.sql.dml.ReturningUpdate[Any]:
    picked = (
        candidates(messages.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(key_share=True, skip_locked=True, of=messages)
        .cte("picked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        messages.update()
        .where(messages.c.id.in_(sa.select(picked.c.id)))
        .values(lease_holder=sa.bindparam("holder"), lease_until=sa.bindparam("until", type_=Instant))
        .returning(messages.c.id, messages.c.priority, messages.c.not_before)
    )


# Built once: building costs more than running.
_ANY = candidates(messages.c.id).limit(1)
_LENT = _lent()


def anything_waits(conn: Connection, now: datetime, real: datetime, at: datetime) -> bool:
    """Whether `reserve` would find something. `now` engine, `real` real, `at` database time."""
    return conn.execute(_ANY, {"now": now, "real": real, "at": at}).first() is not None


def reserve(
    conn: Connection, sender: str, limit: int, *, now: datetime, real: datetime, at: datetime, lease: timedelta
) -> list[int]:
    """Lease messages that may go to a sender, those that should go first; they stay as they are. Gives their ids."""
    values = {"now": now, "real": real, "at": at, "most": limit, "holder": sender, "until": at + lease}
    rows = sorted(conn.execute(_LENT, values), key=lambda row: (row.priority, row.not_before, row.id))
    return [row.id for row in rows]


def give_back(conn: Connection, sender: str) -> None:
    """End the leases of a sender on messages that are not on their way."""
    conn.execute(
        messages.update().where(WAITING, messages.c.lease_holder == sender).values(lease_holder=None, lease_until=None)
    )


_STILL = sa.select(messages.c.id).where(messages.c.id.in_(_IDS), messages.c.lease_holder == _SENDER, WAITING)


def still_reserved(conn: Connection, sender: str, ids: Sequence[int]) -> set[int]:
    """Those of the messages that the sender holds and that have not gone."""
    return set(conn.execute(_STILL, {"ids": list(ids), "holder": sender}).scalars()) if ids else set()


def free_enrollments(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Those of these enrollments that nobody else is just moving; locked until the transaction ends."""
    if conn.dialect.name == "sqlite" or not ids:
        return set(ids)
    query = sa.select(enrollments.c.id).where(among(enrollments.c.id, sorted(set(ids))))
    return set(conn.execute(query.with_for_update(key_share=True, skip_locked=True)).scalars())


def compiled(conn: Connection, revision: int) -> dict[str, Any]:
    """A template revision as plain data, with the files that go with it under `files`, their bytes in base64."""
    query = sa.select(template_revisions.c.compiled).where(template_revisions.c.id == revision)
    found = dict(conn.execute(query).scalar_one())
    files = attachments(conn, found.get("attachments", ()))
    return {**found, "files": [[one.name, one.media_type, b64encode(one.data).decode()] for one in files]}


def overdue_holders(conn: Connection, at: datetime) -> list[str]:
    """Senders with messages under way whose lease is over."""
    query = sa.select(messages.c.lease_holder).where(SENDING, messages.c.lease_until < at).distinct()
    return [holder for (holder,) in conn.execute(query) if holder]


# -- senders --


def add_sender(conn: Connection, values: Mapping[str, Any], at: datetime) -> None:
    """Keep who hands over. Told again after a commit whose answer was lost, it is as if told once."""
    row = {**values, "started_at": at, "seen_at": at}
    conn.execute(upsert(conn.dialect.name, senders).on_conflict_do_nothing(), row)


def living_senders(conn: Connection) -> Sequence[Row[Any]]:
    """Senders not known to have ended."""
    return conn.execute(sa.select(senders).where(senders.c.ended_at.is_(None)).order_by(senders.c.started_at)).all()


def sender_named(conn: Connection, sender: str) -> Row[Any] | None:
    """One sender's row."""
    return conn.execute(sa.select(senders).where(senders.c.id == sender)).first()


def see_senders(conn: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that these senders live."""
    conn.execute(senders.update().where(senders.c.id.in_(ids)).values(seen_at=at))


def end_sender(conn: Connection, sender: str, at: datetime) -> None:
    """Note that a sender has ended, and nothing of it is open."""
    conn.execute(senders.update().where(senders.c.id == sender).values(ended_at=at))


# -- routes --


_ROUTE = sa.select(routes).where(routes.c.key == sa.bindparam("name"))


def route(conn: Connection, key: str) -> Row[Any] | None:
    """How a route stands; None before its first trouble."""
    return conn.execute(_ROUTE, {"name": key}).first()


def set_route(conn: Connection, key: str, values: Mapping[str, Any]) -> None:
    """Keep how a route stands: state, reason, since, retry_at, failures."""
    insert = upsert(conn.dialect.name, routes).values(key=key, **values)
    conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=dict(values)))
