"""Who gets an opportunity: the lead's owner, else the company's, else the next salesperson in turn.

Uses the database.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import upsert
from nurture.leads.tables import companies, leads
from nurture.opportunities.tables import rotations
from nurture.users.model import Role
from nurture.users.store import away_on
from nurture.users.tables import users


def assign(conn: Connection, lead_id: int, pipeline: str, now: datetime, fallback: ZoneInfo) -> int | None:
    """Choose the owner; nobody when there is no salesperson.

    The turn's row is held until the transaction ends, so that two never draw the same.
    """
    return assign_many(conn, [lead_id], pipeline, now, fallback)[lead_id]


def assign_many(
    conn: Connection, lead_ids: Sequence[int], pipeline: str, now: datetime, fallback: ZoneInfo
) -> dict[int, int | None]:
    """As `assign` for several leads in their order, by lead, in a number of statements that does not grow with them."""
    company_owner = companies.c.owner_id.label("company_owner_id")
    query = sa.select(leads.c.id, leads.c.owner_id, company_owner).where(leads.c.id.in_(sorted(set(lead_ids))))
    joined = query.select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))
    rows = {row.id: row for row in conn.execute(joined)}
    asked = {one for row in rows.values() for one in (row.owner_id, row.company_owner_id) if one is not None}
    good = may_own(conn, users.c.id.in_(sorted(asked))) if asked else {}
    chosen: dict[int, int | None] = {}
    for lead_id in lead_ids:
        row = rows[lead_id]
        chosen[lead_id] = next((one for one in (row.owner_id, row.company_owner_id) if one in good), None)
    open_ones = [lead_id for lead_id, owner in chosen.items() if owner is None]
    return chosen | dict(zip(open_ones, draw_many(conn, pipeline, len(open_ones), now, fallback), strict=True))


def may_own(conn: Connection, which: sa.ColumnElement[bool]) -> Mapping[int, str]:
    """Those of these members of staff who can be in charge of a lead: addresses by id."""
    query = sa.select(users.c.id, users.c.email).where(
        which, users.c.disabled_at.is_(None), users.c.role != Role.VIEWER.value
    )
    return {row.id: row.email for row in conn.execute(query)}


def draw(conn: Connection, pipeline: str, now: datetime, fallback: ZoneInfo) -> int | None:
    """The salesperson after the last one drawn, by id and around; those away today are passed over."""
    return draw_many(conn, pipeline, 1, now, fallback)[0]


def draw_many(conn: Connection, pipeline: str, count: int, now: datetime, fallback: ZoneInfo) -> list[int | None]:
    """So many salespeople one after the other, around."""
    if not count:
        return []
    _begin(conn, pipeline)
    last = conn.execute(
        sa.select(rotations.c.last_user_id).where(rotations.c.key == pipeline).with_for_update(key_share=True)
    ).scalar_one()
    here = _here(conn, now, fallback)
    if not here:
        return [None] * count
    start = next((place for place, user_id in enumerate(here) if user_id > (last or 0)), 0)
    drawn = [here[(start + turn) % len(here)] for turn in range(count)]
    conn.execute(rotations.update().where(rotations.c.key == pipeline).values(last_user_id=drawn[-1]))
    return list(drawn)


def _begin(conn: Connection, pipeline: str) -> None:
    insert = upsert(conn.dialect.name, rotations).values(key=pipeline, last_user_id=None)
    conn.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


def _here(conn: Connection, now: datetime, fallback: ZoneInfo) -> list[int]:
    """Active salespeople who are not away today, where they are, by id."""
    query = sa.select(users.c.id, users.c.zone).where(users.c.role == Role.SALES.value, users.c.disabled_at.is_(None))
    people: list[Any] = list(conn.execute(query.order_by(users.c.id)))
    zones = {one.zone: ZoneInfo(one.zone) if one.zone else fallback for one in people}
    away = {zone: away_on(conn, now.astimezone(place).date()) for zone, place in zones.items()}
    return [one.id for one in people if one.id not in away[one.zone]]
