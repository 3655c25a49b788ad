"""Who gets a broadcast (queries): the leads of a segment or those another one missed, and what speaks against each.

What speaks against a lead is asked in one way, whether it is looked at before the launch or written when it starts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts.model import GOT, PASSING
from nurture.broadcasts.store import Stored
from nurture.broadcasts.tables import broadcasts
from nurture.consents.model import Standing
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.policy.silence import Quiet
from nurture.segments.tables import memberships, segments

Why: TypeAlias = tuple[Reason, Mapping[str, Any]]

_LEAD: tuple[sa.Column[Any], ...] = (
    leads.c.id, leads.c.public_id, leads.c.email, leads.c.zone, leads.c.language,
    leads.c.merged_into,
)  # fmt: skip


def refusal(lead: Row[Any], standing: Standing, quiet: Quiet, message_class: str, topic: str = "") -> Why | None:
    """Why a message of this class and topic must not go to the lead, as the go would say it; None when nothing is
    known.

    A one-time email does not wait for silence to end: it is now or never.
    """
    if lead.merged_into is not None:
        return Reason.MERGED, {}
    return standing.refusal(message_class, topic) or quiet.held(message_class)


def of_segment(key: str) -> sa.Select[Any]:
    """Ids of the leads that are in a segment now."""
    return (
        sa.select(memberships.c.lead_id)
        .join(segments, segments.c.id == memberships.c.segment_id)
        .where(segments.c.key == key, memberships.c.left_at.is_(None))
    )


def of_missed(other: Stored) -> sa.Select[Any]:
    """Ids of the leads that a broadcast did not reach for a passing reason, nor any other of the same family since."""
    state, reason = messages.c.state, messages.c.reason
    passes = sa.or_(
        sa.and_(state.in_([MessageState.REJECTED.value, MessageState.CANCELED.value]), reason != Reason.MERGED.value),
        sa.and_(state == MessageState.BOUNCED.value, reason != Reason.HARD_BOUNCE.value),
        sa.and_(state == MessageState.SKIPPED.value, reason.in_([one.value for one in PASSING])),
    )
    later, kin = messages.alias("later"), broadcasts.alias("kin")
    got = (
        sa.select(later.c.id)
        .join(kin, kin.c.id == later.c.broadcast_id)
        .where(
            later.c.lead_id == messages.c.lead_id,
            sa.func.coalesce(kin.c.root_id, kin.c.id) == other.root_id,
            later.c.state.in_([one.value for one in GOT]),
        )
    )
    return sa.select(messages.c.lead_id).where(messages.c.broadcast_id == other.id, passes, ~got.exists())


def rows(conn: Connection, chosen: sa.Select[Any]) -> Sequence[Row[Any]]:
    """What must be known of each of these leads."""
    return conn.execute(sa.select(*_LEAD).where(leads.c.id.in_(chosen)).order_by(leads.c.id)).all()


def next_of_segment(conn: Connection, key: str, at: datetime, after: int, limit: int) -> Sequence[Row[Any]]:
    """The next leads, by id, of those that were in the segment at an instant and still are."""
    query = (
        sa.select(*_LEAD)
        .select_from(
            memberships.join(segments, segments.c.id == memberships.c.segment_id).join(
                leads, leads.c.id == memberships.c.lead_id
            )
        )
        .where(segments.c.key == key, memberships.c.left_at.is_(None))
        .where(memberships.c.joined_at <= at, memberships.c.lead_id > after)
        .order_by(memberships.c.lead_id)
        .limit(limit)
    )
    return conn.execute(query).all()


def left_since(conn: Connection, broadcast_id: int, key: str, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Leads that were in the segment at an instant, have left it since, and have no message yet."""
    written = sa.select(messages.c.id).where(
        messages.c.broadcast_id == broadcast_id, messages.c.lead_id == memberships.c.lead_id
    )
    were = (
        sa.select(memberships.c.lead_id)
        .join(segments, segments.c.id == memberships.c.segment_id)
        .where(segments.c.key == key, memberships.c.joined_at <= at, memberships.c.left_at > at, ~written.exists())
    )
    return conn.execute(sa.select(*_LEAD).where(leads.c.id.in_(were)).order_by(leads.c.id).limit(limit)).all()


def next_of_missed(conn: Connection, other: Stored, after: int, limit: int) -> Sequence[Row[Any]]:
    """The next leads, by id, of those that another broadcast did not reach."""
    ids = of_missed(other).where(messages.c.lead_id > after).order_by(messages.c.lead_id).limit(limit)
    return rows(conn, sa.select(ids.subquery().c.lead_id))


def zones(conn: Connection) -> list[str]:
    """Every zone that a lead lives in."""
    query = sa.select(leads.c.zone).where(leads.c.zone.is_not(None)).distinct()
    return list(conn.execute(query).scalars())
