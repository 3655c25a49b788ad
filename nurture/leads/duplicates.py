"""Pairs of leads that look like one person: the same number, or the same name at the same company (queries).

Nothing is merged by itself. Pairs of which a person has said that they are two are left out, and so is a number or a
name that more than a few share: it is nobody's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import among
from nurture.leads.tables import distinct_leads, leads
from nurture.users.model import Person

MOST_SHARING = 10
MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two leads, the one that came first first, and in what they are the same."""

    first: int
    second: int
    phone: bool
    name: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """What leads share: where to look for pairs. Looking for it reads every number and name there is."""

    leads: int  # about so many there were
    phones: frozenset[str]
    names: frozenset[tuple[int, str]]  # company and folded name

    @property
    def is_whole(self) -> bool:
        """Whether this is all that is shared."""
        return len(self.phones) <= MOST_KEPT and len(self.names) <= MOST_KEPT


def shared(conn: Connection) -> Shared:
    """The numbers and names that make pairs; at most some more than `MOST_KEPT` of each."""
    phones = conn.execute(_shared(leads.c.phone).limit(MOST_KEPT + 1)).scalars()
    names = conn.execute(_shared(leads.c.company_id, leads.c.name_folded).limit(MOST_KEPT + 1))
    count = conn.execute(sa.select(sa.func.max(leads.c.id))).scalar_one() or 0
    return Shared(count, frozenset(phones), frozenset((company, name) for company, name in names))


def pairs(
    conn: Connection,
    person: Person | None = None,
    after: tuple[int, int] | None = None,
    limit: int = 50,
    within: Shared | None = None,
) -> list[Pair]:
    """Pairs that this person may see both of, from the place on; None: everybody's.

    `within`: only of what was shared then, as it is now.
    """
    one, other = leads.alias("one"), leads.alias("other")
    alike = _alike(within if within is not None and within.is_whole else None).subquery("alike")
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


def _alike(within: Shared | None) -> sa.CompoundSelect[Any]:
    """Keys of leads that share something; a pair that shares both once."""
    phones, names = _shared(leads.c.phone), _shared(leads.c.company_id, leads.c.name_folded)
    if within is not None:
        phones = phones.where(among(leads.c.phone, sorted(within.phones)))
        companies = sorted({company for company, _ in within.names})
        folded = sorted({name for _, name in within.names})
        names = names.where(among(leads.c.company_id, companies), among(leads.c.name_folded, folded))
    return sa.union(_sharing(phones, leads.c.phone), _sharing(names, leads.c.company_id, leads.c.name_folded))


def _shared(*columns: sa.Column[Any]) -> sa.Select[Any]:
    """What some leads have in common, and no more than so many."""
    filled = [column.is_not(None) if column.nullable else column != "" for column in columns]
    found = sa.select(*columns).where(*filled).group_by(*columns)
    return found.having(sa.func.count().between(2, MOST_SHARING))


def _sharing(found: sa.Select[Any], *columns: sa.Column[Any]) -> sa.Select[Any]:
    """Pairs of living leads that are the same in all of these."""
    some = found.subquery()
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
