"""Queries on consents and suppressions: how a lead stands to being written to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, RowMapping

from nurture.consents.model import Channel, Purpose, Standing, Suppressed, SuppressionReason, Word
from nurture.consents.tables import consents, suppressions
from nurture.kernel.database import Instant, among
from nurture.kernel.ready import Ready
from nurture.kernel.signing import KeyRing

_CHUNK = 900
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
_LIFTED = suppressions.alias("lifted")
_STANDS = sa.and_(suppressions.c.lifts.is_(None), ~sa.exists().where(_LIFTED.c.lifts == suppressions.c.id))
# Built once: each go asks them.
_GIVEN = Ready(
    sa.select(
        consents.c.lead_id,
        consents.c.purpose,
        consents.c.given,
        consents.c.occurred_at,
        consents.c.method,
        consents.c.origin,
        consents.c.per_day,
    )
    .where(among(consents.c.lead_id, "ids"), consents.c.channel == sa.bindparam("on"))
    .order_by(consents.c.occurred_at, consents.c.id)
)
_IN_FORCE = Ready(
    sa.select(suppressions)
    .where(among(suppressions.c.address_hash, "hashes"))
    .where(suppressions.c.channel == sa.bindparam("on"), _STANDS)
    .order_by(suppressions.c.at, suppressions.c.id)
)


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


# The same of one lead in one query: what was said, then what is in force.
_OF_ONE = sa.union_all(
    sa.select(
        consents.c.id, consents.c.purpose.label("word"), consents.c.given, consents.c.occurred_at.label("at"),
        sa.literal_column("NULL", sa.Text()).label("scope"), consents.c.origin,
        sa.cast(sa.null(), Instant).label("until"),
    ).where(consents.c.lead_id == sa.bindparam("lead"), consents.c.channel == sa.bindparam("on")),
    sa.select(
        suppressions.c.id, suppressions.c.reason, sa.cast(sa.null(), sa.Boolean), suppressions.c.at,
        suppressions.c.scope, suppressions.c.origin, suppressions.c.until,
    ).where(suppressions.c.address_hash == sa.bindparam("hash"), suppressions.c.channel == sa.bindparam("on"), _STANDS),
)  # fmt: skip


def standing_of(conn: Connection, keys: KeyRing, lead_id: int, address: str | None, channel: str = "email") -> Standing:
    """How one lead stands on this channel, as `standing` says it of many."""
    asked = {"lead": lead_id, "on": channel, "hash": keys.address_hash(address) if address else ""}
    given: dict[Purpose, tuple[bool, datetime]] = {}
    blocked: list[Suppressed] = []
    for row in sorted(conn.execute(_OF_ONE, asked), key=lambda row: (row.at, row.id)):
        if row.scope is None:
            given[_PURPOSES[row.word]] = (row.given, row.at)
        else:
            blocked.append(_suppressed(row, row.word))
    return Standing(bool(address), given, tuple(blocked))


_EVERYWHERE = sa.union_all(
    sa.select(
        consents.c.id, consents.c.channel, consents.c.purpose.label("word"), consents.c.given,
        consents.c.occurred_at.label("at"), sa.literal_column("NULL", sa.Text()).label("scope"), consents.c.origin,
        sa.cast(sa.null(), Instant).label("until"), sa.literal_column("''", sa.Text()).label("hash"),
    ).where(consents.c.lead_id == sa.bindparam("lead")),
    sa.select(
        suppressions.c.id, suppressions.c.channel, suppressions.c.reason, sa.cast(sa.null(), sa.Boolean),
        suppressions.c.at, suppressions.c.scope, suppressions.c.origin, suppressions.c.until,
        suppressions.c.address_hash,
    ).where(suppressions.c.address_hash.in_(sa.bindparam("hashes", expanding=True)), _STANDS),
)  # fmt: skip


def standing_everywhere(
    conn: Connection, keys: KeyRing, lead_id: int, email: str | None, phone: str | None
) -> dict[Channel, Standing]:
    """How one lead stands on every channel, in one query."""
    addresses = {Channel.EMAIL: email, Channel.SMS: phone, Channel.CALL: phone}
    hashes = {channel: keys.address_hash(one) for channel, one in addresses.items() if one}
    given: dict[str, dict[Purpose, tuple[bool, datetime]]] = defaultdict(dict)
    blocked: dict[str, list[Suppressed]] = defaultdict(list)
    asked = {"lead": lead_id, "hashes": sorted(set(hashes.values())) or [""]}
    for row in sorted(conn.execute(_EVERYWHERE, asked), key=lambda row: (row.at, row.id)):
        if row.scope is None:
            given[row.channel][_PURPOSES[row.word]] = (row.given, row.at)
        elif hashes.get(Channel(row.channel)) == row.hash:
            blocked[row.channel].append(_suppressed(row, row.word))
    return {one: Standing(bool(addresses[one]), given[one], tuple(blocked[one])) for one in Channel}


def given_of(
    conn: Connection, lead_ids: Sequence[int], channel: str
) -> dict[int, dict[Purpose, tuple[bool, datetime]]]:
    """The latest word of each lead for each purpose: yes or no, and when."""
    return {lead: short(words) for lead, words in words_of(conn, lead_ids, channel).items()}


def words_of(conn: Connection, lead_ids: Sequence[int], channel: str) -> dict[int, dict[Purpose, Word]]:
    """The latest word of each lead for each purpose, with how it reached us."""
    found: dict[int, dict[Purpose, Word]] = defaultdict(dict)
    for lead_id, purpose, *said in _GIVEN.rows(conn, ids=list(lead_ids), on=channel):
        found[lead_id][_PURPOSES[purpose]] = Word(*said)
    return dict(found)


def short(words: Mapping[Purpose, Word]) -> dict[Purpose, tuple[bool, datetime]]:
    """Yes or no, and when, alone."""
    return {purpose: (one.given, one.at) for purpose, one in words.items()}


def given_among(
    conn: Connection, lead_ids: sa.Select[Any], channel: str
) -> dict[int, dict[Purpose, tuple[bool, datetime]]]:
    """As `given_of`, of all leads that a query names."""
    query = (
        sa.select(consents.c.lead_id, consents.c.purpose, consents.c.given, consents.c.occurred_at)
        .where(consents.c.lead_id.in_(lead_ids), consents.c.channel == channel)
        .order_by(consents.c.occurred_at, consents.c.id)
    )
    found: dict[int, dict[Purpose, tuple[bool, datetime]]] = defaultdict(dict)
    for lead_id, purpose, given, at in conn.execute(query):
        found[lead_id][_PURPOSES[purpose]] = (given, at)
    return dict(found)


def in_force(conn: Connection, channel: str) -> dict[str, tuple[Suppressed, ...]]:
    """Every suppression in force on this channel by address hash, the oldest first."""
    query = sa.select(suppressions).where(suppressions.c.channel == channel, _STANDS)
    found: dict[str, list[Suppressed]] = defaultdict(list)
    for row in conn.execute(query.order_by(suppressions.c.at, suppressions.c.id)):
        found[row.address_hash].append(_suppressed(row, row.reason))
    return {address_hash: tuple(rows) for address_hash, rows in found.items()}


def suppressed(conn: Connection, hashes: Iterable[str], channel: str) -> dict[str, tuple[Suppressed, ...]]:
    """The suppressions in force by address hash, the oldest first."""
    wanted = sorted(set(hashes))
    found: dict[str, list[Suppressed]] = defaultdict(list)
    for row in _IN_FORCE.rows(conn, hashes=wanted, on=channel):
        found[row.address_hash].append(_suppressed(row, row.reason))
    return {address_hash: tuple(rows) for address_hash, rows in found.items()}


def _suppressed(row: Row[Any], reason: str) -> Suppressed:
    return Suppressed(row.id, SuppressionReason(reason), row.scope, row.origin, row.at, row.until)


def history(conn: Connection, lead_id: int) -> list[RowMapping]:
    """Every line of consent of a lead with its proof, the latest first."""
    query = sa.select(consents).where(consents.c.lead_id == lead_id)
    return list(conn.execute(query.order_by(consents.c.occurred_at.desc(), consents.c.id.desc())).mappings())
