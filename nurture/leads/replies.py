"""A lead's own words: they stop automatic mail until the owner has looked. It uses the database.

Advertising and care wait meanwhile and go on from there; nothing is left out because of a reply.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.leads.desk import LONGEST_NOTE, Hand, audit, take
from nurture.leads.tables import leads


def replied(
    conn: Connection, lead_id: int, *, now: datetime, real: datetime, actor: str, cause: str,
    cause_key: str | None = None, text: str = "", message_id: int | None = None,
) -> bool:  # fmt: skip
    """A human reply came in: kept in the timeline, and automatic mail waits. False when `cause_key` was there."""
    detail = {"note": text.strip()[:LONGEST_NOTE]} if text.strip() else {}
    line = Activity(lead_id, Kind.REPLIED, now, actor, cause, cause_key, message_id, detail=detail)
    if record(conn, line, real=real) is None:
        return False
    stop = leads.update().where(leads.c.id == lead_id, leads.c.replied_at.is_(None))
    conn.execute(stop.values(replied_at=now, updated_at=now))
    return True


def looked(conn: Connection, lead_id: int, *, now: datetime, real: datetime, actor: str, cause: str) -> bool:
    """The owner has looked at what the lead wrote: automatic mail may go again. False when nothing waited."""
    query = sa.select(leads.c.paused_at).where(leads.c.id == lead_id)
    is_paused = conn.execute(query).scalar_one_or_none() is not None
    over = leads.update().where(leads.c.id == lead_id, leads.c.replied_at.is_not(None))
    if not conn.execute(over.values(replied_at=None, updated_at=now)).rowcount:
        return False
    if not is_paused:
        record(conn, Activity(lead_id, Kind.MAIL_RESUMED, now, actor, cause), real=real)
    return True


def log_reply(conn: Connection, hand: Hand, public_id: str, text: str = "") -> None:
    """A reply that somebody has seen elsewhere, noted by hand."""
    lead = take(conn, hand.person, public_id)
    replied(conn, lead.id, **hand.stamps(), text=text)
    audit(conn, hand, lead, "lead.reply")


def mark_looked(conn: Connection, hand: Hand, public_id: str) -> bool:
    """Somebody who may change the lead has looked at the reply."""
    lead = take(conn, hand.person, public_id)
    done = looked(conn, lead.id, **hand.stamps())
    if done:
        audit(conn, hand, lead, "lead.reply_looked_at")
    return done


def waiting(conn: Connection, owner_id: int | None = None, limit: int = 50) -> list[tuple[str, str, datetime]]:
    """Leads whose reply nobody has looked at yet, the longest waiting first: public id, name, since when."""
    query = sa.select(leads.c.public_id, sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email),
                      leads.c.replied_at).where(leads.c.replied_at.is_not(None))  # fmt: skip
    if owner_id is not None:
        query = query.where(sa.or_(leads.c.owner_id == owner_id, leads.c.owner_id.is_(None)))
    rows = conn.execute(query.order_by(leads.c.replied_at, leads.c.id).limit(limit))
    return [(row[0], row[1] or "", row[2]) for row in rows]
