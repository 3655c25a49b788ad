"""Queries on consents and suppressions: how a lead stands to being written to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.consents.model import Purpose, Standing, Suppressed, SuppressionReason
from nurture.consents.tables import consents, suppressions
from nurture.kernel.signing import KeyRing

_CHUNK = 900


def standing(
    conn: Connection, keys: KeyRing, rows: Sequence[tuple[int, str | None]], channel: str = "email"
) -> dict[int, Standing]:
    """How each lead stands on this channel; a row is a lead's key and its address (or phone number), or None."""
    given = given_of(conn, [lead_id for lead_id, _ in rows], channel)
    hashes = {lead_id: keys.address_hash(address) for lead_id, address in rows if address}
    blocked = suppressed(conn, hashes.values(), channel)
    return {
        lead_id: Standing(bool(address), given.get(lead_id, {}), blocked.get(hashes.get(lead_id, ""), ()))
        for lead_id, address in rows
    }


def given_of(
    conn: Connection, lead_ids: Sequence[int], channel: str
) -> dict[int, dict[Purpose, tuple[bool, datetime]]]:
    """The latest word of each lead for each purpose: yes or no, and when."""
    found: dict[int, dict[Purpose, tuple[bool, datetime]]] = defaultdict(dict)
    for start in range(0, len(lead_ids), _CHUNK):
        query = (
            sa.select(consents.c.lead_id, consents.c.purpose, consents.c.given, consents.c.occurred_at)
            .where(consents.c.lead_id.in_(lead_ids[start : start + _CHUNK]), consents.c.channel == channel)
            .order_by(consents.c.occurred_at, consents.c.id)
        )
        for lead_id, purpose, given, at in conn.execute(query):
            found[lead_id][Purpose(purpose)] = (given, at)
    return dict(found)


def suppressed(conn: Connection, hashes: Iterable[str], channel: str) -> dict[str, tuple[Suppressed, ...]]:
    """The suppressions in force by address hash, the oldest first."""
    wanted = sorted(set(hashes))
    lifted = suppressions.alias("lifted")
    found: dict[str, list[Suppressed]] = defaultdict(list)
    for start in range(0, len(wanted), _CHUNK):
        query = (
            sa.select(suppressions)
            .where(suppressions.c.address_hash.in_(wanted[start : start + _CHUNK]))
            .where(suppressions.c.channel == channel, suppressions.c.lifts.is_(None))
            .where(~sa.exists().where(lifted.c.lifts == suppressions.c.id))
            .order_by(suppressions.c.at, suppressions.c.id)
        )
        for row in conn.execute(query):
            one = Suppressed(row.id, SuppressionReason(row.reason), row.scope, row.origin, row.at)
            found[row.address_hash].append(one)
    return {address_hash: tuple(rows) for address_hash, rows in found.items()}


def history(conn: Connection, lead_id: int) -> list[RowMapping]:
    """Every line of consent of a lead with its proof, the latest first."""
    query = sa.select(consents).where(consents.c.lead_id == lead_id)
    return list(conn.execute(query.order_by(consents.c.occurred_at.desc(), consents.c.id.desc())).mappings())
