"""Queries on the timeline: a lead's activities, newest first, and how many there are of each kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.activities.model import Decided, Kind
from nurture.activities.tables import activities, activity_causes, decisions


@dataclass(frozen=True, slots=True)
class Line:
    """One activity as it stands in the timeline."""

    id: int
    lead_id: int
    kind: Kind
    occurred_at: datetime
    actor: str
    cause: str
    message_id: int | None
    campaign_key: str | None
    email_key: str | None
    url: str | None
    detail: Mapping[str, Any]
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision that was taken, as kept."""

    id: int
    lead_id: int | None
    kind: Decided
    subject: str
    outcome: str
    reason: str
    detail: Mapping[str, Any]
    cause: str
    at: datetime


_LINE = tuple(activities.c[name] for name in Line.__slots__)


def _line(row: RowMapping) -> Line:
    return Line(**{**row, "kind": Kind(row["kind"]), "detail": row["detail"] or {}})


def timeline(
    conn: Connection,
    lead_id: int,
    kinds: Collection[Kind] = (),
    before: tuple[datetime, int] | None = None,
    limit: int = 40,
) -> list[Line]:
    """A lead's activities, the latest first, from before the instant and id of a line already shown."""
    query = sa.select(*_LINE).where(activities.c.lead_id == lead_id)
    if kinds:
        query = query.where(activities.c.kind.in_([kind.value for kind in kinds]))
    if before is not None:
        at, line = before
        earlier = sa.and_(activities.c.occurred_at == at, activities.c.id < line)
        query = query.where(sa.or_(activities.c.occurred_at < at, earlier))
    query = query.order_by(activities.c.occurred_at.desc(), activities.c.id.desc()).limit(limit)
    return [_line(row) for row in conn.execute(query).mappings()]


def kinds_of(conn: Connection, lead_id: int) -> tuple[dict[Kind, int], int]:
    """How many activities of each kind a lead has, and the id of its last line: tells whether something was written."""
    query = sa.select(activities.c.kind, sa.func.count(), sa.func.max(activities.c.id))
    rows = conn.execute(query.where(activities.c.lead_id == lead_id).group_by(activities.c.kind)).all()
    return {Kind(kind): count for kind, count, _ in rows}, max((last for *_, last in rows), default=0)


def decisions_of(
    conn: Connection, lead_id: int, kinds: Sequence[Decided] = (), subject: str | None = None, limit: int = 50
) -> list[Chosen]:
    """What was decided about a lead, the latest first."""
    query = sa.select(*(decisions.c[name] for name in Chosen.__slots__)).where(decisions.c.lead_id == lead_id)
    if kinds:
        query = query.where(decisions.c.kind.in_([kind.value for kind in kinds]))
    if subject is not None:
        query = query.where(decisions.c.subject == subject)
    rows = conn.execute(query.order_by(decisions.c.id.desc()).limit(limit)).mappings()
    return [Chosen(**{**row, "kind": Decided(row["kind"]), "detail": row["detail"] or {}}) for row in rows]


def counts_since(
    conn: Connection, asked: Mapping[str, tuple[Collection[Kind], datetime]]
) -> dict[str, dict[Kind, int]]:
    """How many activities of some kinds happened since an instant, of all leads: several such counts by their names."""
    kind, at = activities.c.kind, activities.c.occurred_at
    kinds = {one.value for several, _ in asked.values() for one in several}
    since = [sa.func.sum(sa.case((at >= start, 1), else_=0)) for _, start in asked.values()]
    query = sa.select(kind, *since).where(
        kind.in_(sorted(kinds)), at >= min(start for _, start in asked.values()), activities.c.withdrawn_at.is_(None)
    )
    found: dict[str, dict[Kind, int]] = {name: {} for name in asked}
    for row in conn.execute(query.group_by(kind)):
        for (name, (several, _)), count in zip(asked.items(), row[1:], strict=True):
            if row.kind in several and count:
                found[name][Kind(row.kind)] = int(count)
    return found


def details_since(conn: Connection, kind: Kind, since: datetime, limit: int = 1000) -> list[Mapping[str, Any]]:
    """The details of the activities of a kind since an instant, the latest first."""
    query = sa.select(activities.c.detail).where(
        activities.c.kind == kind.value, activities.c.occurred_at >= since, activities.c.withdrawn_at.is_(None)
    )
    rows = conn.execute(query.order_by(activities.c.occurred_at.desc()).limit(limit)).scalars()
    return [one or {} for one in rows]


def times_since(conn: Connection, lead_id: int, kind: Kind, since: datetime) -> list[datetime]:
    """When this happened to a lead after an instant."""
    query = sa.select(activities.c.occurred_at).where(
        activities.c.lead_id == lead_id, activities.c.kind == kind.value, activities.c.occurred_at > since
    )
    return list(conn.execute(query.order_by(activities.c.occurred_at)).scalars())


def known_causes(conn: Connection, keys: Collection[str]) -> set[str]:
    """Those of the cause keys that an activity was written for."""
    column = activities.c.cause_key if conn.dialect.name == "sqlite" else activity_causes.c.key
    return set(conn.execute(sa.select(column).where(column.in_(keys))).scalars())
