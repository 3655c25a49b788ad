"""Queries on segments and memberships, and the facts that rules may ask as of now."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.leads.facts import own
from nurture.leads.model import FieldDefinition
from nurture.leads.store import field_definitions_of
from nurture.rules.facts import Facts, gather
from nurture.rules.stages import stages
from nurture.segments.model import Segment, Stay
from nurture.segments.tables import memberships, segments

_OPEN = memberships.c.left_at.is_(None)
# Built once: building costs more than running.
_EVERY = sa.select(segments).where(segments.c.archived_at.is_(None)).order_by(segments.c.key)
_THESE = _EVERY.where(segments.c.key.in_(sa.bindparam("names", expanding=True)))
_ONE = sa.select(segments).where(segments.c.key == sa.bindparam("name"))


@lru_cache(maxsize=8)
def built_in(zone: str = "Asia/Ho_Chi_Minh") -> Facts:
    """The facts of all stages, without an installation's own fields: for checks that have no database."""
    return gather(*stages(), zone=zone)


def facts(conn: Connection, zone: str = "Asia/Ho_Chi_Minh") -> Facts:
    """The facts of all stages and of the installation's own fields."""
    return with_own(zone, tuple(field_definitions_of(conn).values()))


@lru_cache(maxsize=16)
def with_own(zone: str, own_fields: tuple[FieldDefinition, ...]) -> Facts:
    """The facts of all stages and of these own fields."""
    return built_in(zone).with_values(own(own_fields))


def every(conn: Connection, keys: Sequence[str] | None = None) -> list[Segment]:
    """All segments that are not archived, or those of these keys, by key."""
    rows = conn.execute(_EVERY) if keys is None else conn.execute(_THESE, {"names": list(keys)})
    return [_segment(row) for row in rows]


def get(conn: Connection, key: str) -> Segment | None:
    """The segment of this key, archived or not."""
    row = conn.execute(_ONE, {"name": key}).one_or_none()
    return None if row is None else _segment(row)


def by_keys(conn: Connection, keys: Sequence[str]) -> list[Segment]:
    """The segments of these keys, archived or not."""
    return [_segment(row) for row in conn.execute(sa.select(segments).where(segments.c.key.in_(sorted(set(keys)))))]


def _segment(row: Any) -> Segment:
    return Segment(
        row.id, row.key, row.name, row.rule, row.hash, row.evaluated_at, row.refreshed_at, row.swept_until,
        row.swept_as, row.updated_at,
    )  # fmt: skip


def members(conn: Connection, key: str, limit: int = 100, after: int = 0) -> list[int]:
    """Ids of the leads that are in the segment now, ascending, from the one after `after` on."""
    query = (
        sa.select(memberships.c.lead_id)
        .join(segments, segments.c.id == memberships.c.segment_id)
        .where(segments.c.key == key, _OPEN, memberships.c.lead_id > after)
        .order_by(memberships.c.lead_id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def size(conn: Connection, key: str) -> int:
    """How many leads are in this segment now; 0 in one that is archived or was never there."""
    query = sa.select(sa.func.count()).select_from(
        memberships.join(segments, segments.c.id == memberships.c.segment_id)
    )
    return int(conn.execute(query.where(segments.c.key == key, segments.c.archived_at.is_(None), _OPEN)).scalar_one())


def of_lead(conn: Connection, lead_id: int, *, now_only: bool = True) -> list[Stay]:
    """The segments a lead is in, the latest join first; with `now_only=False` also those it has left."""
    query = (
        sa.select(memberships, segments.c.key, segments.c.name)
        .join(segments, segments.c.id == memberships.c.segment_id)
        .where(memberships.c.lead_id == lead_id)
        .order_by(memberships.c.joined_at.desc(), memberships.c.id.desc())
    )
    if now_only:
        query = query.where(_OPEN, segments.c.archived_at.is_(None))
    return [Stay(r.id, r.key, r.name, r.joined_at, r.left_at) for r in conn.execute(query)]
