"""Queries of handing over: what may go, what a go must know, who hands over, and how the route stands."""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts.model import HELD
from nurture.broadcasts.tables import broadcasts
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.delivery.tables import quotas, routes, senders
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Instant, among, upsert
from nurture.kernel.reasons import Reason
from nurture.leads.tables import companies, leads
from nurture.messages.model import COUNTED, MessageClass, MessageState
from nurture.messages.store import attachments
from nurture.messages.tables import messages, template_revisions
from nurture.users.tables import users

# Spelled out, so that the partial indexes of messages serve them.
WAITING = sa.text("messages.state IN ('queued', 'deferred')")
SENDING = sa.text("messages.state = 'sending'")
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_SENDER: sa.BindParameter[Any] = sa.bindparam("holder")


def _candidates() -> sa.Select[tuple[int]]:
    paused = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.PAUSED.value)
    held = sa.select(broadcasts.c.id).where(broadcasts.c.state.in_([state.value for state in HELD]))
    now, real, at = (sa.bindparam(name, type_=Instant) for name in ("now", "real", "at"))
    return (
        sa.select(messages.c.id)
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
        _candidates()
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
_ANY = _candidates().limit(1)
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


_OF_MESSAGE = (
    "id", "purpose", "lead_id", "user_id", "enrollment_id", "template_key", "template_revision_id", "language",
    "class_", "sender", "address", "values_", "policy", "not_before", "fence", "header_id", "dated_at", "priority",
    "campaign_id", "broadcast_id",
)  # fmt: skip
_OF_LEAD = (
    "name", "given_name", "honorific", "email", "phone", "city", "public_id", "fields", "merged_into",
)  # fmt: skip


def _of_letters() -> sa.Select[Any]:
    owner, user = users.alias("owner"), users.alias("reader")
    columns: list[Any] = [
        *(messages.c[name] for name in _OF_MESSAGE),
        *(leads.c[name].label(f"lead_{name}") for name in _OF_LEAD),
        *(owner.c[name].label(f"owner_{name}") for name in ("id", "name", "email", "phone")),
        *(user.c[name].label(f"user_{name}") for name in ("name", "email", "phone", "disabled_at")),
        *(companies.c[name].label(f"company_{name}") for name in ("id", "name", "domain", "size")),
        campaigns.c.state.label("campaign_state"),
        broadcasts.c.state.label("broadcast_state"),
        campaigns.c.resumed_at.label("campaign_resumed_at"),
    ]
    tables = (
        messages.outerjoin(leads, leads.c.id == messages.c.lead_id)
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .outerjoin(owner, sa.and_(owner.c.id == leads.c.owner_id, owner.c.disabled_at.is_(None)))
        .outerjoin(user, user.c.id == messages.c.user_id)
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .outerjoin(broadcasts, broadcasts.c.id == messages.c.broadcast_id)
    )
    return (
        sa.select(*columns)
        .select_from(tables)
        .where(messages.c.id.in_(_IDS), messages.c.lease_holder == _SENDER, WAITING)
        .order_by(messages.c.priority, messages.c.not_before, messages.c.id)
        .with_for_update(key_share=True, skip_locked=True, of=messages)
    )


_LETTERS = _of_letters()
_STILL = sa.select(messages.c.id).where(messages.c.id.in_(_IDS), messages.c.lease_holder == _SENDER, WAITING)


def letters(conn: Connection, sender: str, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """All that a go must know of these messages, as far as the sender still holds them. Locks their rows.

    Rows that somebody is just changing are left out: whoever takes them back holds their enrollment already, which
    a go takes after the message, so that waiting could end in a ring.
    """
    return conn.execute(_LETTERS, {"ids": list(ids), "holder": sender}).all()


def still_reserved(conn: Connection, sender: str, ids: Sequence[int]) -> set[int]:
    """Those of the messages that the sender holds and that have not gone."""
    return set(conn.execute(_STILL, {"ids": list(ids), "holder": sender}).scalars()) if ids else set()


def free_enrollments(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Those of these enrollments that nobody else is just moving; locked until the transaction ends."""
    if conn.dialect.name == "sqlite" or not ids:
        return set(ids)
    query = sa.select(enrollments.c.id).where(among(enrollments.c.id, sorted(set(ids))))
    return set(conn.execute(query.with_for_update(key_share=True, skip_locked=True)).scalars())


def lock_quotas(conn: Connection, address_hashes: Sequence[str], real: datetime) -> None:
    """Hold these addresses' quota rows until the transaction ends. SQLite has one writer, and needs no row."""
    if conn.dialect.name == "sqlite" or not address_hashes:
        return
    rows = [{"address_hash": one, "at": real} for one in sorted(set(address_hashes))]
    insert = upsert(conn.dialect.name, quotas).values(rows)
    conn.execute(insert.on_conflict_do_update(index_elements=["address_hash"], set_={"at": insert.excluded.at}))


def gone(conn: Connection, lead_ids: Sequence[int], since: datetime) -> dict[int, list[datetime]]:
    """When mails went, or may have gone, to these leads after an instant of engine time."""
    query = sa.select(messages.c.lead_id, messages.c.gone_at).where(
        messages.c.lead_id.in_(lead_ids),
        messages.c.gone_at > since,
        messages.c.state.in_([state.value for state in COUNTED]),
        messages.c.class_ != MessageClass.TRANSACTIONAL.value,
    )
    found: dict[int, list[datetime]] = {lead: [] for lead in lead_ids}
    for lead, at in conn.execute(query):
        found[lead].append(at)
    return found


def advertised(
    conn: Connection, address_hashes: Collection[str], lead_ids: Sequence[int], since: datetime
) -> list[tuple[str | None, int, datetime]]:
    """When advertising went, or may have gone, to these addresses after an instant of engine time: hash, lead, when.

    Of mails that went before hashes were kept with them, those to these leads, without one.
    """
    there = sa.or_(
        messages.c.address_hash.in_(sorted(address_hashes)),
        sa.and_(messages.c.address_hash.is_(None), messages.c.lead_id.in_(lead_ids)),
    )
    query = sa.select(messages.c.address_hash, messages.c.lead_id, messages.c.gone_at).where(
        there,
        messages.c.gone_at > since,
        messages.c.state.in_([state.value for state in COUNTED]),
        messages.c.class_ == MessageClass.ADVERTISING.value,
    )
    return [(row.address_hash, row.lead_id, row.gone_at) for row in conn.execute(query)]


def rivals(
    conn: Connection, lead_ids: Sequence[int], but: Sequence[int], now: datetime, at: datetime
) -> dict[int, list[tuple[int, datetime, int]]]:
    """Other mails to these leads that senders have reserved and that may take a cap's slot: their places in line."""
    query = sa.select(messages.c.lead_id, messages.c.priority, messages.c.not_before, messages.c.id).where(
        messages.c.lead_id.in_(lead_ids),
        messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value]),
        messages.c.class_ != MessageClass.TRANSACTIONAL.value,
        messages.c.not_before <= now,
        messages.c.lease_until > at,
        messages.c.id.not_in(but),
    )
    found: dict[int, list[tuple[int, datetime, int]]] = {}
    for row in conn.execute(query):
        found.setdefault(row.lead_id, []).append((row.priority, row.not_before, row.id))
    return found


def compiled(conn: Connection, revision: int) -> dict[str, Any]:
    """A template revision as plain data, with the files that go with it under `files`, their bytes in base64."""
    query = sa.select(template_revisions.c.compiled).where(template_revisions.c.id == revision)
    found = dict(conn.execute(query).scalar_one())
    files = attachments(conn, found.get("attachments", ()))
    return {**found, "files": [[one.name, one.media_type, b64encode(one.data).decode()] for one in files]}


_OF_SETTLING = (
    "id", "fence", "attempts", "dated_at", "gone_at", "lead_id", "user_id", "purpose", "enrollment_id", "address",
    "template_key", "lease_until", "policy", "resolved_at", "delivered_at",
)  # fmt: skip
_TO_SETTLE: sa.Select[Any] = (
    sa.select(*(messages.c[name] for name in _OF_SETTLING), campaigns.c.key.label("campaign_key"))
    .select_from(messages.outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id))
    .order_by(messages.c.id)
    .with_for_update(key_share=True, of=messages)
)
_UNDER_WAY = _TO_SETTLE.where(SENDING, messages.c.lease_holder == _SENDER)
_THESE_UNDER_WAY = _UNDER_WAY.where(messages.c.id.in_(_IDS))


def under_way(conn: Connection, sender: str, ids: Sequence[int] | None = None) -> Sequence[Row[Any]]:
    """Messages that this sender has in a conversation, locked; of these ids or all."""
    if ids is None:
        return conn.execute(_UNDER_WAY, {"holder": sender}).all()
    return conn.execute(_THESE_UNDER_WAY, {"holder": sender, "ids": list(ids)}).all()


def gone_out(conn: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of these messages that went, or may have gone, locked, in the order of their ids."""
    went = messages.c.state.in_([state.value for state in COUNTED])
    return conn.execute(_TO_SETTLE.where(went, among(messages.c.id, list(ids)))).all() if ids else []


def unsure(conn: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of these messages that may have gone, or have been tried and wait for another try; locked, in order."""
    tried = sa.and_(WAITING, messages.c.attempts > 0)
    either = sa.or_(messages.c.state == MessageState.UNKNOWN.value, tried)
    return conn.execute(_TO_SETTLE.where(either, among(messages.c.id, list(ids)))).all() if ids else []


def overdue_holders(conn: Connection, at: datetime) -> list[str]:
    """Senders with messages under way whose lease is over."""
    query = sa.select(messages.c.lease_holder).where(SENDING, messages.c.lease_until < at).distinct()
    return [holder for (holder,) in conn.execute(query) if holder]


# -- senders --


def add_sender(conn: Connection, values: Mapping[str, Any], at: datetime) -> None:
    """Keep who hands over."""
    conn.execute(senders.insert().values(**values, started_at=at, seen_at=at))


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
