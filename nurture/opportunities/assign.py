"""Who gets an opportunity: the lead's owner, else the company's, else the next salesperson in turn.

Uses the database.
"""

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
    query = (
        sa.select(leads.c.owner_id, companies.c.owner_id.label("company_owner_id"))
        .select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))
        .where(leads.c.id == lead_id)
    )
    row = conn.execute(query).one()
    for owner_id in (row.owner_id, row.company_owner_id):
        if owner_id is not None and _may_own(conn, owner_id):
            return int(owner_id)
    return draw(conn, pipeline, now, fallback)


def _may_own(conn: Connection, user_id: int) -> bool:
    query = sa.select(users.c.id).where(
        users.c.id == user_id, users.c.disabled_at.is_(None), users.c.role != Role.VIEWER.value
    )
    return conn.execute(query).one_or_none() is not None


def draw(conn: Connection, pipeline: str, now: datetime, fallback: ZoneInfo) -> int | None:
    """The salesperson after the last one drawn, by id and around; those away today are passed over."""
    _begin(conn, pipeline)
    last = conn.execute(
        sa.select(rotations.c.last_user_id).where(rotations.c.key == pipeline).with_for_update(key_share=True)
    ).scalar_one()
    here = _here(conn, now, fallback)
    if not here:
        return None
    chosen = next((user_id for user_id in here if user_id > (last or 0)), here[0])
    conn.execute(rotations.update().where(rotations.c.key == pipeline).values(last_user_id=chosen))
    return chosen


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
