"""Who is in a segment, how many, and how that moved from day to day. Queries; reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import unindexed
from nurture.leads.store import visible
from nurture.leads.tables import companies, leads
from nurture.segments.tables import memberships, segments
from nurture.users.model import Person

PART = 500
_OPEN = memberships.c.left_at.is_(None)


@dataclass(frozen=True, slots=True)
class Size:
    """How many are in a segment now, and how many joined and left it lately."""

    members: int = 0
    joined: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One stay in a segment, as a list shows it."""

    id: int
    public_id: str
    name: str
    email: str | None
    phone: str | None
    company: str | None
    temperature: str
    joined_at: datetime
    cause: str | None  # of a segment kept by hand: what put the lead in


def sizes(conn: Connection, since: datetime) -> dict[int, Size]:
    """Of every segment that is not archived, by id; joins and leaves from `since` on."""
    m, mine = memberships.c, memberships.c.segment_id == segments.c.id
    found = sa.select(sa.func.count()).select_from(memberships)
    # one walk over those who left for all segments: no index has them
    gone = sa.select(unindexed(m.segment_id).label("id"), sa.func.count().label("left")).where(m.left_at >= since)
    left = gone.group_by(unindexed(m.segment_id)).subquery()
    query = (
        sa.select(
            segments.c.id,
            found.where(mine, _OPEN).scalar_subquery().label("members"),
            found.where(mine, m.joined_at >= since).scalar_subquery().label("joined"),
            sa.func.coalesce(left.c.left, 0).label("left"),
        )
        .outerjoin(left, left.c.id == segments.c.id)
        .where(segments.c.archived_at.is_(None))
    )
    return {row.id: Size(row.members, row.joined, row.left) for row in conn.execute(query)}


def daily(conn: Connection, segment_id: int, borders: Sequence[datetime]) -> list[tuple[int, int]]:
    """How many joined and how many left between each two of these instants."""
    m = memberships.c
    counts = [[0, 0] for _ in borders[:-1]]
    arms = []
    for which, at in enumerate((m.joined_at, m.left_at)):
        begins = [(at >= first, day) for day, first in enumerate(borders[:-1])]
        day = sa.case(*reversed(begins)).label("day")
        moved = sa.select(day, sa.literal(which, sa.Integer).label("which"), sa.func.count().label("number"))
        within = (m.segment_id == segment_id, at >= borders[0], at < borders[-1])
        arms.append(moved.where(*within).group_by(sa.literal_column("1")))
    for row in conn.execute(sa.union_all(*arms)):
        counts[row.day][row.which] = row.number
    return [(joined, left) for joined, left in counts]


def members(
    conn: Connection, segment_id: int, person: Person, before: tuple[datetime, int] | None = None, limit: int = 50
) -> tuple[list[Member], tuple[datetime, int] | None]:
    """Who is in it of the leads that this person sees, the latest first, and where to go on."""
    m = memberships.c
    name = sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.phone, "")
    source = memberships.join(leads, leads.c.id == m.lead_id).outerjoin(companies, companies.c.id == leads.c.company_id)
    query = (
        sa.select(
            m.id, leads.c.public_id, name.label("name"), leads.c.email, leads.c.phone,
            companies.c.name.label("company"), leads.c.temperature, m.joined_at, m.cause,
        )
        .select_from(source)
        .where(m.segment_id == segment_id, _OPEN, leads.c.merged_into.is_(None), visible(person))
        .order_by(m.joined_at.desc(), m.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if before is not None:
        at, number = before
        query = query.where(sa.or_(m.joined_at < at, sa.and_(m.joined_at == at, m.id < number)))
    found = [Member(*row) for row in conn.execute(query)]
    more = found[limit - 1] if len(found) > limit else None
    return found[:limit], (more.joined_at, more.id) if more else None


def everybody(conn: Connection, segment_id: int, person: Person) -> Iterator[Member]:
    """As `members`, all of them, part by part."""
    before: tuple[datetime, int] | None = None
    while True:
        found, before = members(conn, segment_id, person, before, PART)
        yield from found
        if before is None:
            return
