"""Queries on opportunities: one, its changes, the board, the list. What a person may see is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads.model import Temperature
from nurture.leads.tables import companies, leads
from nurture.opportunities.model import Opportunity, OpportunityState, Pipeline
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.users.model import Person
from nurture.users.tables import users

o = opportunities.c
Cursor = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Card:
    """An opportunity as the board and the list show it."""

    id: int
    public_id: str
    name: str
    stage: str
    state: OpportunityState
    reason: str
    value: int | None
    currency: str
    automatic: bool
    opened_at: datetime
    stage_since: datetime
    closed_at: datetime | None
    accepted_at: datetime | None
    next_step: str
    next_at: datetime | None
    version: int
    owner_id: int | None
    owner: str
    lead_public_id: str
    lead: str
    honorific: str
    phone: str | None
    temperature: Temperature
    company: str


@dataclass(frozen=True, slots=True)
class Column:
    """A stage's open opportunities in figures: how many, and their value by currency."""

    stage: str
    count: int
    value: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cards:
    """A part of the list; `after` asks for the next one and is None on the last."""

    cards: tuple[Card, ...]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what happened to an opportunity."""

    at: datetime
    actor: str
    field: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What board and list are narrowed to; None narrows nothing."""

    owner: int | None = None
    without_owner: bool = False
    state: OpportunityState | None = None
    lead: int | None = None


_CARD = (
    sa.select(
        o.id, o.public_id, o.name, o.stage, o.state, o.reason, o.value, o.currency, o.automatic, o.opened_at,
        o.stage_since, o.closed_at, o.accepted_at, o.next_step, o.next_at, o.version, o.owner_id,
        sa.func.coalesce(users.c.name, "").label("owner"), leads.c.public_id.label("lead_public_id"),
        sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.phone, "").label("lead"),
        leads.c.honorific, leads.c.phone, leads.c.temperature, sa.func.coalesce(companies.c.name, "").label("company"),
    )
    .select_from(opportunities)
    .join(leads, leads.c.id == o.lead_id)
    .outerjoin(users, users.c.id == o.owner_id)
    .outerjoin(companies, companies.c.id == o.company_id)
)  # fmt: skip


def visible(person: Person) -> sa.ColumnElement[bool]:
    """Sales see their own and those without an owner; everybody else sees all."""
    return sa.true() if person.sees_all else sa.or_(o.owner_id.is_(None), o.owner_id == person.id)


def _opportunity(row: RowMapping) -> Opportunity:
    return Opportunity(**{**row, "state": OpportunityState(row["state"]), "criteria": tuple(row["criteria"] or ())})


def get(conn: Connection, opportunity_id: int, *, lock: bool = False) -> Opportunity:
    """The opportunity of this key; NotFoundError. `lock` holds the row until the transaction ends."""
    query = sa.select(opportunities).where(o.id == opportunity_id)
    row = conn.execute(query.with_for_update(key_share=True) if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such opportunity"))
    return _opportunity(row)


def by_public_id(conn: Connection, public_id: str, person: Person) -> Opportunity:
    """The opportunity of this public id; NotFoundError when there is none or this person may not know of it."""
    query = sa.select(opportunities).where(o.public_id == public_id, visible(person))
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such opportunity"))
    return _opportunity(row)


def card(conn: Connection, opportunity_id: int) -> Card | None:
    """One opportunity as the board shows it."""
    row = conn.execute(_CARD.where(o.id == opportunity_id)).mappings().one_or_none()
    return _card(row) if row else None


def _card(row: RowMapping) -> Card:
    return Card(**{**row, "state": OpportunityState(row["state"]), "temperature": Temperature(row["temperature"])})


def changes(conn: Connection, opportunity_id: int) -> list[Change]:
    """What happened to an opportunity, newest first."""
    c = opportunity_changes.c
    query = sa.select(c.at, c.actor, c.field, c.before, c.after, c.reason).where(c.opportunity_id == opportunity_id)
    return [Change(*row) for row in conn.execute(query.order_by(c.id.desc()))]


def of_lead(conn: Connection, lead_id: int) -> list[Opportunity]:
    """All opportunities of a lead, newest first."""
    query = sa.select(opportunities).where(o.lead_id == lead_id).order_by(o.opened_at.desc(), o.id.desc())
    return [_opportunity(row) for row in conn.execute(query).mappings()]


def in_pipeline(conn: Connection, lead_id: int, pipeline: Pipeline) -> list[Opportunity]:
    """Those of a lead in this pipeline and product line, newest first: what its qualification looks at."""
    place = (pipeline.key, pipeline.product_line)
    return [one for one in of_lead(conn, lead_id) if (one.pipeline, one.product_line) == place]


def open_of_leads(conn: Connection, lead_ids: Sequence[int]) -> dict[int, list[Opportunity]]:
    """The open opportunities of each of these leads, oldest first; leads without any are left out."""
    query = sa.select(opportunities).where(o.lead_id.in_(list(lead_ids)), o.state == OpportunityState.OPEN.value)
    found: dict[int, list[Opportunity]] = {}
    for row in conn.execute(query.order_by(o.id)).mappings():
        found.setdefault(row["lead_id"], []).append(_opportunity(row))
    return found


def _conditions(person: Person, pipeline: str, filters: Filters) -> list[sa.ColumnElement[bool]]:
    where = [o.pipeline == pipeline, visible(person)]
    if filters.without_owner:
        where.append(o.owner_id.is_(None))
    elif filters.owner is not None:
        where.append(o.owner_id == filters.owner)
    if filters.lead is not None:
        where.append(o.lead_id == filters.lead)
    if filters.state is not None:
        where.append(o.state == filters.state.value)
    return where


def board(
    conn: Connection, person: Person, pipeline: str, stages: Sequence[str], filters: Filters | None = None
) -> list[Column]:
    """The figures of each stage's open opportunities, in the order of the stages; those without any included.

    Stages that the pipeline no longer has come last, while something stands in them.
    """
    where = [*_conditions(person, pipeline, filters or Filters()), o.state == OpportunityState.OPEN.value]
    query = (
        sa.select(o.stage, o.currency, sa.func.count(), sa.func.sum(o.value))
        .where(*where)
        .group_by(o.stage, o.currency)
    )
    figures: dict[str, list[Any]] = {}
    for stage, currency, count, value in conn.execute(query):
        figures.setdefault(stage, []).append((currency, count, int(value or 0)))
    return [
        Column(
            stage,
            sum(count for _, count, _ in figures.get(stage, ())),
            {currency: value for currency, _, value in figures.get(stage, ())},
        )
        for stage in [*stages, *sorted(figures.keys() - set(stages))]
    ]


def top_cards(
    conn: Connection, person: Person, pipeline: str, filters: Filters | None = None, limit: int = 50
) -> dict[str, tuple[Card, ...]]:
    """Of every stage at once the open opportunities longest in it, at most `limit` of each."""
    place = sa.func.row_number().over(partition_by=o.stage, order_by=[o.stage_since, o.id]).label("place")
    where = [*_conditions(person, pipeline, filters or Filters()), o.state == OpportunityState.OPEN.value]
    placed = sa.select(o.id, place).where(*where).subquery()
    query = _CARD.join(placed, placed.c.id == o.id).where(placed.c.place <= limit).order_by(placed.c.place)
    found: dict[str, list[Card]] = {}
    for row in conn.execute(query).mappings():
        found.setdefault(row["stage"], []).append(_card(row))
    return {stage: tuple(several) for stage, several in found.items()}


def table(
    conn: Connection,
    person: Person,
    pipeline: str,
    filters: Filters | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Cards:
    """Opportunities of every state, the newest first, from the cursor on."""
    query = _CARD.where(*_conditions(person, pipeline, filters or Filters()))
    if after is not None:
        query = query.where(sa.or_(o.opened_at < after[0], sa.and_(o.opened_at == after[0], o.id < after[1])))
    rows = conn.execute(query.order_by(o.opened_at.desc(), o.id.desc()).limit(limit + 1)).mappings().all()
    found = tuple(_card(row) for row in rows[:limit])
    return Cards(found, (found[-1].opened_at, found[-1].id) if len(rows) > limit else None)
