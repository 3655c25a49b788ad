"""Queries of one turn of delivery, compiled once: what comes next in line, what its go must know, what is written.

They are asked some hundred times a second, so that nothing of them is built anew. See kernel/ready.py.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts.tables import broadcasts
from nurture.campaigns.tables import campaigns
from nurture.delivery.letter import Letter
from nurture.delivery.packing import text_of
from nurture.delivery.store import SENDING, WAITING, candidates
from nurture.kernel.database import Instant, among
from nurture.kernel.ready import Ready, tuple_of
from nurture.kernel.rows import packed
from nurture.leads.tables import companies, leads
from nurture.messages.model import COUNTED, MessageClass, MessageState
from nurture.messages.tables import message_values, messages, templates
from nurture.users.tables import users

_SENDER: sa.BindParameter[Any] = sa.bindparam("holder", type_=sa.Text)
# Of no column as it is, so that no database looks by it: its figures may say still that nothing has gone.
_COUNTED = (messages.c.state + sa.literal_column("''")).in_([sa.literal_column(f"'{one.value}'") for one in COUNTED])
_OF_MESSAGE = (
    "id", "purpose", "lead_id", "user_id", "enrollment_id", "template_key", "template_revision_id", "language",
    "class_", "sender", "address", "values_", "not_before", "fence", "header_id", "dated_at", "priority",
    "campaign_id", "broadcast_id",
)  # fmt: skip
OF_LEAD = ("name", "given_name", "honorific", "email", "phone", "city", "public_id", "fields", "merged_into")
OF_OWNER = ("id", "name", "email", "phone")
OF_READER = ("name", "email", "phone", "disabled_at")
OF_COMPANY = ("id", "name", "domain", "size")


class Place(NamedTuple):
    """Where a message stands in line."""

    priority: int
    not_before: datetime
    id: int


def _mine(columns: Any) -> list[Any]:
    """What of a message a go must know; its policy as it is written, since most share one."""
    policy = sa.cast(columns.policy, sa.Text).label("policy")
    return [*(columns[name].label(name) for name in _OF_MESSAGE), policy]


def _with_people(of: Any, mine: sa.FromClause) -> sa.Select[Any]:
    """Messages with everybody they concern, in line. `of`: the columns of the messages."""
    owner, reader = users.alias("owner"), users.alias("reader")
    columns: list[Any] = [
        *of,
        *(leads.c[name].label(f"lead_{name}") for name in OF_LEAD),
        *(owner.c[name].label(f"owner_{name}") for name in OF_OWNER),
        *(reader.c[name].label(f"user_{name}") for name in OF_READER),
        *(companies.c[name].label(f"company_{name}") for name in OF_COMPANY),
        campaigns.c.state.label("campaign_state"),
        broadcasts.c.state.label("broadcast_state"),
        campaigns.c.resumed_at.label("campaign_resumed_at"),
        message_values.c.values_.label("frozen"),
    ]
    m: Any = mine.c
    tables = (
        mine.outerjoin(leads, leads.c.id == m.lead_id)
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .outerjoin(owner, sa.and_(owner.c.id == leads.c.owner_id, owner.c.disabled_at.is_(None)))
        .outerjoin(reader, reader.c.id == m.user_id)
        .outerjoin(campaigns, campaigns.c.id == m.campaign_id)
        .outerjoin(broadcasts, broadcasts.c.id == m.broadcast_id)
        .outerjoin(message_values, message_values.c.message_id == m.id)
    )
    return sa.select(*columns).select_from(tables).order_by(m.priority, m.not_before, m.id)


def _of_these() -> Ready:
    query = _with_people(_mine(messages.c), messages)
    query = query.where(among(messages.c.id, "ids"), messages.c.lease_holder == _SENDER, WAITING)
    return Ready(query.with_for_update(key_share=True, skip_locked=True, of=messages))


def _after() -> sa.ColumnElement[bool]:
    m = messages.c
    named = (("priority", sa.Integer), ("since", Instant), ("number", sa.BigInteger))
    return sa.tuple_(m.priority, m.not_before, m.id) > sa.tuple_(*(sa.bindparam(n, type_=kind) for n, kind in named))


def _of_next() -> Ready:
    """What is read of the messages is read where they are locked: a row that changed meanwhile counts as it is now."""
    next_ones = (
        candidates(*_mine(messages.c))
        .where(_after())
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(key_share=True, skip_locked=True, of=messages)
        .cte("coming")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return Ready(_with_people([column.label(column.key) for column in next_ones.c], next_ones))


_THESE, _NEXT = _of_these(), _of_next()
_FIRST = candidates(messages.c.priority, messages.c.not_before, messages.c.id).limit(1)


def by_indexes(conn: Connection) -> None:
    """Have PostgreSQL look for each row of this transaction by an index, in the order given, however small a table is.

    So rows are locked in one order, and no turn costs more because a table has grown.
    """
    if conn.dialect.name != "sqlite":
        _BY_INDEXES.rows(conn)


_BY_INDEXES = Ready(
    sa.select(*(sa.func.set_config(f"enable_{way}", "off", sa.true()).label(way)
                for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")))
)  # fmt: skip


def letters(conn: Connection, sender: str, ids: Sequence[int]) -> list[Any]:
    """All that a go must know of these messages, as far as the sender still holds them. Locks their rows.

    Rows that somebody is just changing are left out: whoever takes them back holds their enrollment already, which
    a go takes after the message, so that waiting could end in a ring.
    """
    return _THESE.rows(conn, ids=ids, holder=sender)


def next_letters(
    conn: Connection, after: Place, most: int, *, now: datetime, real: datetime, at: datetime
) -> list[Any]:
    """The same of those that come next in line and that nobody holds."""
    priority, since, number = after
    return _NEXT.rows(conn, priority=priority, since=since, number=number, most=most, now=now, real=real, at=at)


_Lead, _Owner, _Reader, _Company = (
    tuple_of(kind, names)
    for kind, names in (("Lead", OF_LEAD), ("Owner", OF_OWNER), ("Reader", OF_READER), ("Company", OF_COMPANY))
)
_CUTS = tuple(accumulate((len(_OF_MESSAGE) + 1, len(OF_LEAD), len(OF_OWNER), len(OF_READER), len(OF_COMPANY))))


class People(NamedTuple):
    """Whom a message concerns, with the columns of their own tables."""

    lead: Any
    owner: Any
    reader: Any
    company: Any


def people(row: Any) -> People:
    """The people of a row of `letters`."""
    a, b, c, d, e = _CUTS
    return People(_Lead(row[a:b]), _Owner(row[b:c]), _Reader(row[c:d]), _Company(row[d:e]))


def first_in_line(conn: Connection, *, now: datetime, real: datetime, at: datetime) -> Place | None:
    """Where the first message stands that may go; None when there is none."""
    row = conn.execute(_FIRST, {"now": now, "real": real, "at": at}).first()
    return None if row is None else Place(*row)


_CURRENT = Ready(sa.select(templates.c.key, templates.c.language, templates.c.revision_id).where(
    among(templates.c.key, "keys")
))  # fmt: skip


def current_revisions(conn: Connection, keys: Iterable[str]) -> dict[tuple[str, str], int]:
    """The current revisions of these emails by key and language."""
    wanted = sorted(set(keys))
    return {(row.key, row.language): row.revision_id for row in _CURRENT.rows(conn, keys=wanted)} if wanted else {}


# -- what counts against caps --

_LOCK_QUOTAS = sa.text(
    "INSERT INTO quotas (address_hash, at) SELECT h, :at FROM unnest(CAST(:hashes AS text[])) AS h "
    "ON CONFLICT (address_hash) DO UPDATE SET at = excluded.at"
).bindparams(sa.bindparam("at", type_=Instant), sa.bindparam("hashes", type_=sa.Text))
_LOCK = Ready(_LOCK_QUOTAS, ())


def lock_quotas(conn: Connection, address_hashes: Iterable[str], real: datetime) -> None:
    """Hold these addresses' quota rows until the transaction ends. SQLite has one writer, and needs no row."""
    if conn.dialect.name == "sqlite":
        return
    if wanted := sorted(set(address_hashes)):
        _LOCK.run(conn, hashes=f"{{{','.join(wanted)}}}", at=real)


_SINCE: sa.BindParameter[Any] = sa.bindparam("since", type_=Instant)
_GONE = Ready(
    sa.select(messages.c.lead_id, messages.c.gone_at).where(
        among(messages.c.lead_id, "leads"), messages.c.gone_at > _SINCE, _COUNTED,
        messages.c.class_ != sa.literal_column(f"'{MessageClass.TRANSACTIONAL.value}'"),
    )
)  # fmt: skip


def gone(conn: Connection, lead_ids: Sequence[int], since: datetime) -> dict[int, list[datetime]]:
    """When mails went, or may have gone, to these leads after an instant of engine time."""
    found: dict[int, list[datetime]] = {lead: [] for lead in lead_ids}
    for lead, at in _GONE.rows(conn, leads=lead_ids, since=since):
        found[lead].append(at)
    return found


def _advertised() -> Ready:
    m = messages.c
    columns = (m.address_hash, m.lead_id, m.gone_at)
    same = (m.gone_at > _SINCE, _COUNTED, m.class_ == sa.literal_column(f"'{MessageClass.ADVERTISING.value}'"))
    return Ready(
        sa.union_all(
            sa.select(*columns).where(among(m.address_hash, "hashes"), m.address_hash.is_not(None), *same),
            sa.select(*columns).where(among(m.lead_id, "leads"), m.address_hash.is_(None), *same),
        )
    )


_ADVERTISED = _advertised()


def advertised(
    conn: Connection, address_hashes: Iterable[str], lead_ids: Sequence[int], since: datetime
) -> list[tuple[str | None, int, datetime]]:
    """When advertising went, or may have gone, to these addresses after an instant of engine time: hash, lead, when.

    Of mails that went before hashes were kept with them, those to these leads, without one.
    """
    return _ADVERTISED.rows(conn, hashes=sorted(address_hashes), leads=lead_ids, since=since)


_RIVALS = Ready(
    sa.select(messages.c.lead_id, messages.c.priority, messages.c.not_before, messages.c.id).where(
        among(messages.c.lead_id, "leads"), WAITING, messages.c.lease_until > sa.bindparam("at", type_=Instant),
        messages.c.class_ != sa.literal_column(f"'{MessageClass.TRANSACTIONAL.value}'"),
        messages.c.not_before <= sa.bindparam("now", type_=Instant),
    )
)  # fmt: skip


def rivals(
    conn: Connection, lead_ids: Sequence[int], but: Sequence[int], now: datetime, at: datetime
) -> dict[int, list[Place]]:
    """Other mails to these leads that senders have reserved and that may take a cap's slot: their places in line."""
    ours = set(but)
    found: dict[int, list[Place]] = {}
    for row in _RIVALS.rows(conn, leads=lead_ids, now=now, at=at):
        if row.id not in ours:
            found.setdefault(row.lead_id, []).append(Place(row.priority, row.not_before, row.id))
    return found


# -- what is written --


class Marks(NamedTuple):
    """What all messages of one go have in common."""

    gone_at: datetime  # engine
    dated_at: datetime  # real; of those that have no date yet
    lease_until: datetime  # database


_SAME = (
    "state = 'sending', reason = '', detail = NULL, retry_at = NULL, ended_at = NULL, "
    "gone_at = {0}, dated_at = COALESCE(dated_at, {1}), lease_until = {2}, fence = fence + 1"
)
_MARK_SQLITE = (
    f"UPDATE messages SET {_SAME.format('?1', '?2', '?3')}, "  # noqa: S608 - our own words
    "address = ?4, template_revision_id = ?5, address_hash = ?6, lease_holder = ?7 WHERE id = ?8"
)
_FREEZE_SQLITE = 'INSERT INTO message_values (message_id, "values") VALUES (?, ?) ON CONFLICT DO NOTHING'
_MARK_POSTGRESQL = (
    "WITH v AS MATERIALIZED (SELECT * FROM "  # noqa: S608 - likewise
    "jsonb_to_recordset(%s::jsonb) AS v(i bigint, a text, v jsonb, t bigint, h text, s text)), "
    'kept AS (INSERT INTO message_values (message_id, "values") SELECT i, v FROM v ON CONFLICT DO NOTHING) '
    f"UPDATE messages SET {_SAME.format('%s', '%s', '%s')}, "
    "address = v.a, template_revision_id = v.t, address_hash = v.h, lease_holder = v.s FROM v WHERE messages.id = v.i"
)


def mark_sending(conn: Connection, marks: Marks, letters: Sequence[Letter], holders: Sequence[str]) -> None:
    """Freeze messages and mark them as on their way, each with the sender that gets it."""
    if not letters:
        return
    if conn.dialect.name == "sqlite":
        same = tuple(map(_binder(conn.dialect), marks))
        conn.exec_driver_sql(
            _MARK_SQLITE,
            [
                (*same, one.to_address, one.template, one.address_hash or None, holder, one.message_id)
                for one, holder in zip(letters, holders, strict=True)
            ],
        )
        conn.exec_driver_sql(_FREEZE_SQLITE, [(one.message_id, text_of(one.values)) for one in letters])
        return
    rows = [
        f'{{"i":{one.message_id},"a":{packed(one.to_address)},"v":{text_of(one.values)},"t":{one.template},'
        f'"h":{packed(one.address_hash or None)},"s":{packed(holder)}}}'
        for one, holder in zip(letters, holders, strict=True)
    ]
    conn.exec_driver_sql(_MARK_POSTGRESQL, (f"[{','.join(rows)}]", *marks))


@lru_cache(maxsize=8)
def _binder(dialect: Any) -> Any:
    return Instant().dialect_impl(dialect).bind_processor(dialect)


_OF_SETTLING = (
    "id", "fence", "attempts", "dated_at", "gone_at", "lead_id", "user_id", "purpose", "enrollment_id", "address",
    "template_key", "lease_until", "resolved_at", "delivered_at", "lease_holder",
)  # fmt: skip


def to_settle() -> sa.Select[Any]:
    """What is known of messages under way when they are settled; locked, in the order of their ids."""
    m = messages.c
    return (
        sa.select(
            *(m[name].label(name) for name in _OF_SETTLING),
            m.policy["unknown"].as_string().label("when_unknown"),
            campaigns.c.key.label("campaign_key"),
        )
        .select_from(messages.outerjoin(campaigns, campaigns.c.id == m.campaign_id))
        .order_by(m.id)
        .with_for_update(key_share=True, of=messages)
    )


_UNDER_WAY = Ready(to_settle().where(SENDING, messages.c.lease_holder == _SENDER))
_THESE_UNDER_WAY = Ready(to_settle().where(SENDING, among(messages.c.id, "ids")))


def under_way(conn: Connection, sender: str) -> list[Any]:
    """Messages that this sender has in a conversation, locked."""
    return _UNDER_WAY.rows(conn, holder=sender)


def these_under_way(conn: Connection, ids: Sequence[int]) -> list[Any]:
    """Those of these messages that any sender has in a conversation, locked; see `lease_holder`."""
    return _THESE_UNDER_WAY.rows(conn, ids=ids)


def gone_out(conn: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of these messages that went, or may have gone, locked, in the order of their ids."""
    return conn.execute(to_settle().where(_COUNTED, among(messages.c.id, list(ids)))).all() if ids else []


def unsure(conn: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of these messages that may have gone, or have been tried and wait for another try; locked, in order."""
    tried = sa.and_(WAITING, messages.c.attempts > 0)
    either = sa.or_(messages.c.state == MessageState.UNKNOWN.value, tried)
    return conn.execute(to_settle().where(either, among(messages.c.id, list(ids)))).all() if ids else []


_TAKEN = Ready(
    messages.update()
    .where(among(messages.c.id, "ids"))
    .values(
        state=MessageState.SENT.value, reason="", detail=sa.null(), attempts=messages.c.attempts + 1, retry_at=None,
        ended_at=sa.bindparam("now", type_=Instant), lease_until=None, lease_holder=None,
    ),
    (),
)  # fmt: skip


def mark_sent(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """The relay took these at this conversation."""
    if ids:
        _TAKEN.run(conn, ids=ids, now=now)
