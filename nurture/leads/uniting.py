"""Writing one lead into another: its row, tags, conflicts and past pairs (queries; in the caller's write transaction).

The merged lead keeps its name, address and number, so that whoever comes with these is the winner.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import upsert
from nurture.kernel.text import fold
from nurture.leads import store
from nurture.leads.merge import Union
from nurture.leads.model import Lead, Temperature
from nurture.leads.normalize import search_text
from nurture.leads.tables import distinct_leads, lead_conflicts, lead_tags, leads

_COLUMNS = ("name", "honorific", "email", "phone", "address", "city", "source", "owner_id", "zone", "language")
# What a merged lead is no more.
_GONE = {
    "engagement": 0, "fit": 0, "temperature": Temperature.COLD.value, "paused_at": None, "paused_reason": None,
    "replied_at": None,
}  # fmt: skip


def merged_into(conn: Connection, lead_id: int) -> list[int]:
    """The leads that were merged into this one."""
    return list(conn.execute(sa.select(leads.c.id).where(leads.c.merged_into == lead_id)).scalars())


def write(conn: Connection, winner: Lead, loser: Lead, union: Union, now: datetime) -> None:
    """The winner is the union of both from now on, and the loser, with all that were merged into it, leads to it."""
    left = loser.email
    if "email" in union.taken:  # the winner's present address is kept at the loser, so that it is not lost
        store.update(conn, loser.id, {"merged_into": winner.id, "email": None})
        left = winner.email
    store.update(conn, winner.id, _values(winner, loser, union, now))
    store.update(conn, loser.id, {"merged_into": winner.id, "email": left, **_GONE, "updated_at": now})
    conn.execute(leads.update().where(leads.c.merged_into == loser.id).values(merged_into=winner.id))
    _tags(conn, winner.id, loser.id)
    _conflicts(conn, winner.id, loser.id)
    _pairs(conn, winner.id, loser.id)


def _values(winner: Lead, loser: Lead, union: Union, now: datetime) -> dict[str, Any]:
    values = {key: union.value(key) for key in _COLUMNS}
    company = loser if "company" in union.taken else winner
    return {
        **values, "name_folded": fold(values["name"]), "city_folded": fold(values["city"]),
        "given_name": union.given_name, "company_id": company.company_id, "fields": union.fields,
        "first_source": union.first_source, "lifecycle": union.lifecycle.value, "paused_at": union.paused_at,
        "paused_reason": union.paused_reason, "replied_at": union.replied_at,
        "last_activity_at": union.last_activity_at, "updated_at": now,
        "search_text": search_text(values["name"], values["email"], values["phone"], company.company),
    }  # fmt: skip


def _tags(conn: Connection, winner: int, loser: int) -> None:
    """The tags of both, each since it came first to where it stays."""
    t = lead_tags.c
    mine = sa.select(sa.literal(winner, t.lead_id.type), t.tag, t.at).where(t.lead_id == loser)
    insert = upsert(conn.dialect.name, lead_tags).from_select(["lead_id", "tag", "at"], mine)
    conn.execute(insert.on_conflict_do_nothing(index_elements=["lead_id", "tag"]))
    conn.execute(lead_tags.delete().where(t.lead_id == loser))


def _conflicts(conn: Connection, winner: int, loser: int) -> None:
    """Values that wait for a decision, or were decided about, go along; the same of both is one."""
    other = lead_conflicts.alias("other")
    same = sa.and_(
        other.c.lead_id == winner, other.c.field == lead_conflicts.c.field, other.c.value == lead_conflicts.c.value
    )
    mine = lead_conflicts.c.lead_id == loser
    conn.execute(lead_conflicts.delete().where(mine, sa.exists().where(same)))
    conn.execute(lead_conflicts.update().where(mine).values(lead_id=winner))


def _pairs(conn: Connection, winner: int, loser: int) -> None:
    """Whoever is said to be somebody else than the loser is somebody else than the winner."""
    d = distinct_leads.c
    rows = conn.execute(sa.select(distinct_leads).where(sa.or_(d.first_id == loser, d.second_id == loser))).all()
    conn.execute(distinct_leads.delete().where(sa.or_(d.first_id == loser, d.second_id == loser)))
    for row in rows:
        other = row.second_id if row.first_id == loser else row.first_id
        if other != winner:
            tell_apart(conn, winner, other, actor=row.actor, at=row.at)


def tell_apart(conn: Connection, one: int, other: int, *, actor: str, at: datetime) -> None:
    """Keep that these are two; said again it changes nothing."""
    first, second = sorted((one, other))
    insert = upsert(conn.dialect.name, distinct_leads).values(first_id=first, second_id=second, actor=actor, at=at)
    conn.execute(insert.on_conflict_do_nothing(index_elements=["first_id", "second_id"]))


def take_back(conn: Connection, one: int, other: int) -> bool:
    """They may be one again; True when it was said that they are two."""
    first, second = sorted((one, other))
    pair = (distinct_leads.c.first_id == first, distinct_leads.c.second_id == second)
    return conn.execute(distinct_leads.delete().where(*pair)).rowcount > 0


def hold_all(conn: Connection, ids: Collection[int]) -> None:
    """Hold these leads, and those that were merged into them, in the order of their ids."""
    aliases = conn.execute(sa.select(leads.c.id).where(leads.c.merged_into.in_(sorted(ids)))).scalars()
    store.hold(conn, sorted({*ids, *aliases}))
