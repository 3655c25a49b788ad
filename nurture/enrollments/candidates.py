"""Queries for those who may come into a campaign, and for how far it has looked for them.

Who was taken in or decided about for a cause is no candidate for it any more.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.tables import decisions
from nurture.campaigns.store import Stored
from nurture.enrollments.tables import enrollments, entry_marks
from nurture.kernel.database import upsert
from nurture.leads.facts import FieldValue
from nurture.leads.tables import leads
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.sql import to_sql
from nurture.segments.tables import memberships, segments

_CHUNK = 500
_CAMPAIGN: sa.BindParameter[int] = sa.bindparam("campaign")
# Built once, as those below: building costs more than running.
_MARKS = sa.select(entry_marks).where(entry_marks.c.campaign_id == _CAMPAIGN)
_ALL_MARKS = sa.select(entry_marks).where(entry_marks.c.campaign_id.in_(sa.bindparam("campaigns", expanding=True)))
_FORGET = entry_marks.delete().where(
    entry_marks.c.campaign_id == _CAMPAIGN, entry_marks.c.entrance.not_in(sa.bindparam("entrances", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an entrance was looked at. What was there at `begun_at` is not new; `until` None: not through yet."""

    entrance: str
    begun_at: datetime
    until: datetime | None = None


def marks(conn: Connection, campaign_id: int) -> dict[str, Mark]:
    """The marks of a campaign by entrance."""
    rows = conn.execute(_MARKS, {"campaign": campaign_id})
    return {row.entrance: Mark(row.entrance, row.begun_at, row.until) for row in rows}


def marks_of(conn: Connection, campaign_ids: Collection[int]) -> dict[int, dict[str, Mark]]:
    """The marks of several campaigns by entrance."""
    found: dict[int, dict[str, Mark]] = {one: {} for one in campaign_ids}
    for row in conn.execute(_ALL_MARKS, {"campaigns": sorted(campaign_ids)}):
        found[row.campaign_id][row.entrance] = Mark(row.entrance, row.begun_at, row.until)
    return found


def keep_marks(conn: Connection, kept: Mapping[int, Sequence[Mark]]) -> None:
    """Keep how far was looked, by campaign: of each entrance its last mark."""
    rows = [
        {"campaign_id": campaign_id, "entrance": one.entrance, "begun_at": one.begun_at, "until": one.until}
        for campaign_id, those in sorted(kept.items())
        for one in {one.entrance: one for one in those}.values()
    ]
    if rows:
        conn.execute(_keeping(conn.dialect.name), rows)


def forget_marks(conn: Connection, campaign_id: int, entrances: Collection[str]) -> None:
    """Forget the marks of entrances that the campaign no longer has."""
    conn.execute(_FORGET, {"campaign": campaign_id, "entrances": list(entrances)})


@dataclass(frozen=True, slots=True)
class Watched:
    """What an entrance knows of its segment before it looks who has joined."""

    evaluated_at: datetime | None
    updated_at: datetime
    joined_at: datetime | None  # the latest, whoever has left since included


def watched(conn: Connection) -> dict[str, Watched]:
    """Every segment by key, archived or not."""
    return {row.key: Watched(row.evaluated_at, row.updated_at, row.joined_at) for row in conn.execute(_watched())}


@cache
def _watched() -> sa.Select[Any]:
    latest = sa.select(sa.func.max(memberships.c.joined_at, type_=memberships.c.joined_at.type))
    latest = latest.where(memberships.c.segment_id == segments.c.id)
    return sa.select(
        segments.c.key, segments.c.evaluated_at, segments.c.updated_at, latest.scalar_subquery().label("joined_at")
    )


@cache
def _keeping(dialect: str) -> Any:
    insert = upsert(dialect, entry_marks)
    changed = {"until": insert.excluded.until}
    return insert.on_conflict_do_update(index_elements=["campaign_id", "entrance"], set_=changed)


def _open(lead_id: sa.ColumnElement[int], cause: sa.ColumnElement[str]) -> list[sa.ColumnElement[bool]]:
    """That the cause led to no enrollment and no decision of the campaign yet (`_of`)."""
    taken = sa.exists().where(
        enrollments.c.lead_id == lead_id, enrollments.c.campaign_id == _CAMPAIGN, enrollments.c.cause == cause
    )
    decided = sa.exists().where(
        decisions.c.lead_id == lead_id, decisions.c.subject == sa.bindparam("subject"), decisions.c.cause == cause
    )
    return [~taken, ~decided]


def _of(stored: Stored) -> dict[str, Any]:
    """The parameters of `_open`."""
    return {"campaign": stored.id, "subject": f"campaign:{stored.key}"}


@dataclass(frozen=True, slots=True)
class Joined:
    """A membership that nobody has decided about yet."""

    membership_id: int
    lead_id: int
    joined_at: datetime

    @property
    def cause(self) -> str:
        """How the membership is written as a cause."""
        return f"membership:{self.membership_id}"


def joined(
    conn: Connection, stored: Stored, segment: str, since: datetime | None, limit: int, after: Joined | None = None
) -> list[Joined]:
    """Open memberships of a segment, joined from `since` on, the earliest first; `after`: only those behind it."""
    values: dict[str, Any] = {**_of(stored), "segment": segment, "most": limit}
    query = _joined()
    if since is not None:
        query, values = _joined_since(), {**values, "since": since}
    if after is not None:
        query = _behind(query)
        values |= {"last_at": after.joined_at, "last": after.membership_id}
    return [Joined(row.id, row.lead_id, row.joined_at) for row in conn.execute(query, values)]


@cache
def _joined() -> sa.Select[Any]:
    cause = sa.literal("membership:", sa.Text) + sa.cast(memberships.c.id, sa.Text)
    query = _members(sa.select(memberships.c.id, memberships.c.lead_id, memberships.c.joined_at))
    query = query.where(*_open(memberships.c.lead_id, cause))
    return query.order_by(memberships.c.joined_at, memberships.c.id).limit(sa.bindparam("most", type_=sa.Integer))


@cache
def _joined_since() -> sa.Select[Any]:
    return _joined().where(memberships.c.joined_at >= sa.bindparam("since"))


def _behind(query: sa.Select[Any]) -> sa.Select[Any]:
    m, at = memberships.c, sa.bindparam("last_at", type_=memberships.c.joined_at.type)
    return query.where(sa.tuple_(m.joined_at, m.id) > sa.tuple_(at, sa.bindparam("last", type_=m.id.type)))


def members_at(
    conn: Connection, stored: Stored, segment: str, at: datetime, cause: str, limit: int, after: int = 0
) -> list[int]:
    """Leads that were in a segment at an instant and still are, by id; only those behind `after`."""
    query = _members(sa.select(memberships.c.lead_id)).where(memberships.c.joined_at <= at)
    query = query.where(memberships.c.lead_id > after, *_open(memberships.c.lead_id, sa.literal(cause, sa.Text)))
    query = query.order_by(memberships.c.lead_id).limit(limit)
    return list(conn.execute(query, {**_of(stored), "segment": segment}).scalars())


def _members(query: sa.Select[Any]) -> sa.Select[Any]:
    return (
        query.join(segments, segments.c.id == memberships.c.segment_id)
        .join(leads, leads.c.id == memberships.c.lead_id)
        .where(
            segments.c.key == sa.bindparam("segment"), memberships.c.left_at.is_(None), leads.c.merged_into.is_(None)
        )
    )


def standing(
    conn: Connection, stored: Stored, rule: Rule, cause: str, now: datetime, facts: Facts, limit: int, after: int = 0
) -> list[int]:
    """Leads on whom a rule holds now, by id; only those behind `after`."""
    lead_id = facts.living.id
    query = to_sql(rule, now, facts).where(lead_id > after, *_open(lead_id, sa.literal(cause, sa.Text)))
    return list(conn.execute(query.order_by(lead_id).limit(limit), _of(stored)).scalars())


@dataclass(frozen=True, slots=True)
class Dated:
    """A lead with a date of its own, and its zone."""

    lead_id: int
    value: str  # YYYY-MM-DD
    zone: str | None


def dated(conn: Connection, field: str, values: Sequence[str], facts: Facts) -> list[Dated]:
    """Leads whose date field is one of these days, `2027-03-05` or `03-05` for any year."""
    column = facts.values[field].column
    compared = sa.func.substr(column, 6, 5) if values and len(values[0]) == len("03-05") else column
    query = sa.select(leads.c.id, column.label("value"), leads.c.zone).where(leads.c.merged_into.is_(None))
    if isinstance(column, FieldValue) and conn.dialect.name == "sqlite":
        # looked for in the document's text first: taking all documents apart takes several times as long
        query = query.where(sa.or_(*(sa.func.instr(leads.c.fields, value) > 0 for value in values)))
    rows = conn.execute(query.where(compared.in_(values)).order_by(leads.c.id))
    return [Dated(row.id, row.value, row.zone) for row in rows]


def causes(
    conn: Connection, stored: Stored, lead_ids: Iterable[int], *, enrolled_only: bool = False
) -> dict[int, set[str]]:
    """For what these leads were taken in or decided about in this campaign."""
    found: dict[int, set[str]] = defaultdict(set)
    ids = sorted(set(lead_ids))
    subject = f"campaign:{stored.key}"
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        e, d = enrollments.c, decisions.c
        query: Any = sa.select(e.lead_id, e.cause).where(e.lead_id.in_(part), e.campaign_id == stored.id)
        if not enrolled_only:
            told = (d.lead_id.in_(part), d.subject == subject, d.kind == Decided.ENROLL.value)
            query = query.union_all(sa.select(d.lead_id, d.cause).where(*told))
        for lead_id, cause in conn.execute(query):
            found[lead_id].add(cause)
    return found


def causes_of_all(conn: Connection, stored: Stored) -> set[str]:
    """For what this campaign has decided about nobody in particular."""
    d = decisions.c
    query = sa.select(d.cause).where(d.lead_id.is_(None), d.subject == f"campaign:{stored.key}")
    return set(conn.execute(query).scalars())
