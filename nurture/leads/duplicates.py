"""Pairs of leads that look like one person: the same number, or the same name at the same company (queries).

Nothing is merged by itself. Pairs of which a person has said that they are two are left out, and so is a number or a
name that more than a few share: it is nobody's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.leads.tables import distinct_leads, leads
from nurture.users.model import Person

MOST_SHARING = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two leads, the one that came first first, and in what they are the same."""

    first: int
    second: int
    phone: bool
    name: bool


def pairs(
    conn: Connection, person: Person | None = None, after: tuple[int, int] | None = None, limit: int = 50
) -> list[Pair]:
    """Pairs that this person may see both of, from the place on; None: everybody's."""
    one, other = leads.alias("one"), leads.alias("other")
    alike = _alike().subquery("alike")
    phone = sa.func.coalesce(one.c.phone == other.c.phone, sa.false())
    named = sa.and_(one.c.company_id == other.c.company_id, one.c.name_folded == other.c.name_folded)
    told = distinct_leads.c
    query = (
        sa.select(alike.c.first, alike.c.second, phone.label("phone"),
                  sa.and_(sa.func.coalesce(named, sa.false()), one.c.name_folded != "").label("name"))
        .join(one, one.c.id == alike.c.first)
        .join(other, other.c.id == alike.c.second)
        .where(~sa.exists().where(told.first_id == alike.c.first, told.second_id == alike.c.second))
    )  # fmt: skip
    if person is not None:
        query = query.where(_seen(one, person), _seen(other, person))
    if after is not None:
        first, second = after
        beyond = sa.or_(alike.c.first > first, sa.and_(alike.c.first == first, alike.c.second > second))
        query = query.where(alike.c.first >= first, beyond)
    rows = conn.execute(query.order_by(alike.c.first, alike.c.second).limit(limit))
    return [Pair(row.first, row.second, bool(row.phone), bool(row.name)) for row in rows]


def _alike() -> sa.CompoundSelect[Any]:
    """Keys of leads that share something; a pair that shares both once."""
    return sa.union(_sharing(leads.c.phone), _sharing(leads.c.company_id, leads.c.name_folded))


def _sharing(*columns: sa.Column[Any]) -> sa.Select[Any]:
    """Pairs of living leads that are the same in all of these, where so many share it and no more."""
    filled = [column.is_not(None) if column.nullable else column != "" for column in columns]
    shared = sa.select(*columns).where(*filled).group_by(*columns)
    some = shared.having(sa.func.count().between(2, MOST_SHARING)).subquery()
    one, other = leads.alias("a"), leads.alias("b")
    return (
        sa.select(one.c.id.label("first"), other.c.id.label("second"))
        .select_from(some)
        .join(one, _same(some, one, columns))
        .join(other, _same(some, other, columns))
        .where(one.c.id < other.c.id, one.c.merged_into.is_(None), other.c.merged_into.is_(None))
    )


def _same(
    some: sa.FromClause, table: sa.FromClause, columns: Sequence[sa.Column[Any]]
) -> sa.ColumnElement[bool]:  # fmt: skip
    return sa.and_(*(some.c[column.key] == table.c[column.key] for column in columns))


def _seen(table: Any, person: Person) -> sa.ColumnElement[bool]:
    if person.sees_all:
        return sa.true()
    return sa.or_(table.c.owner_id.is_(None), table.c.owner_id == person.id)
