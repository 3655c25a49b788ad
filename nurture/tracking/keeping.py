"""How long raw hits are kept: they name where and with what somebody read. It reads and writes the database.

A hit that goes is counted first, in the same transaction, so that hits and `hit_days` together always say the same.
Only what is settled goes. Activities, which say who opened and clicked, stay.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import campaigns
from nurture.kernel import partitions
from nurture.kernel.database import upsert
from nurture.messages.tables import messages
from nurture.tracking.tables import hit_days, hits

CHUNK = 1_000  # rows that go in one transaction where they go row by row


def let_go(conn: Connection, before: datetime) -> int:
    """Let the oldest hits from before an instant go: a month on PostgreSQL, CHUNK rows on SQLite. Gives how many."""
    return _chunk(conn, before) if conn.dialect.name == "sqlite" else _month(conn, before)


def _chunk(conn: Connection, before: datetime) -> int:
    """The last row stays: SQLite would give its number again, and numbers of hits name causes."""
    first = sa.select(hits.c.id).order_by(hits.c.id).limit(CHUNK).subquery()
    last = sa.select(sa.func.max(hits.c.id)).scalar_subquery()
    old = sa.select(hits.c.id).where(
        hits.c.id.in_(sa.select(first.c.id)), hits.c.at < before, hits.c.settled, hits.c.id < last
    )
    ids = list(conn.execute(old).scalars())
    if ids:
        _count(conn, hits, hits.c.id.in_(ids))
        conn.execute(hits.delete().where(hits.c.id.in_(ids)))
    return len(ids)


def _month(conn: Connection, before: datetime) -> int:
    """Whole months only, each at once: nobody waits for its rows."""
    for part in partitions.parts(conn, hits):
        if part.until is None or part.until > before:
            continue
        conn.exec_driver_sql(f"LOCK TABLE {part.name} IN SHARE ROW EXCLUSIVE MODE")
        table = hits.to_metadata(sa.MetaData(), name=part.name)
        unsettled = sa.select(sa.func.count()).select_from(table).where(sa.not_(table.c.settled))
        if conn.execute(unsettled).scalar_one():
            continue
        _count(conn, table, sa.true())
        gone = int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        partitions.drop(conn, part)
        return max(gone, 1)
    return 0


def _count(conn: Connection, of: sa.Table, which: sa.ColumnElement[bool]) -> None:
    """Add these hits to the days they are of."""
    if conn.dialect.name == "sqlite":
        day: sa.ColumnElement[datetime] = sa.type_coerce(
            sa.cast(of.c.at, sa.BigInteger) - sa.cast(of.c.at, sa.BigInteger) % 86_400_000_000, of.c.at.type
        )
    else:
        day = sa.func.date_trunc("day", of.c.at, "UTC", type_=of.c.at.type)
    email = sa.func.coalesce(messages.c.template_key, "")
    campaign = sa.func.coalesce(campaigns.c.key, "")
    broadcast = sa.func.coalesce(messages.c.broadcast_id, 0)
    verdict = sa.func.coalesce(of.c.verdict, "")
    counted = (
        sa.select(email, day, campaign, broadcast, of.c.kind, verdict, sa.func.count())
        .select_from(of)
        .outerjoin(messages, messages.c.id == of.c.message_id)
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .where(which)
        .group_by(email, day, campaign, broadcast, of.c.kind, verdict)
    )
    insert = upsert(conn.dialect.name, hit_days).from_select([column.name for column in hit_days.c], counted)
    change = insert.on_conflict_do_update(
        index_elements=list(hit_days.primary_key), set_={"amount": hit_days.c.amount + insert.excluded.amount}
    )
    conn.execute(change)


def counted_before(conn: Connection, email_key: str) -> dict[str, int]:
    """How many hits of an email are no longer kept, by verdict."""
    query = sa.select(hit_days.c.verdict, sa.func.sum(hit_days.c.amount)).where(hit_days.c.email_key == email_key)
    return {verdict: int(count) for verdict, count in conn.execute(query.group_by(hit_days.c.verdict))}
