"""Queries on campaigns, revisions and shared definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaign_revisions, campaigns, shared_definitions
from nurture.kernel.text import in_language


@dataclass(frozen=True, slots=True)
class Stored:
    """A campaign as stored, with the revision that new enrollments get."""

    id: int
    key: str
    name: Mapping[str, str]
    state: CampaignState
    revision_id: int | None
    created_at: datetime
    published_at: datetime | None
    hash: str
    source: str
    definition: Mapping[str, Any]

    def named(self, language: str) -> str:
        """Its name in this language, or in any, or its key."""
        return in_language(self.name, language, self.key)


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a campaign."""

    id: int
    campaign_id: int
    hash: str
    source: str
    definition: Mapping[str, Any]
    created_at: datetime
    created_by: str


def _query(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    revision = campaign_revisions
    return sa.select(campaigns, revision.c.hash, *columns).outerjoin(revision, revision.c.id == campaigns.c.revision_id)


# Built once: building costs more than running.
_EVERY = _query(campaign_revisions.c.source, campaign_revisions.c.definition).order_by(campaigns.c.key)
_ONE = _EVERY.where(campaigns.c.key == sa.bindparam("name"))
_LOCK = sa.select(campaigns.c.id).where(campaigns.c.key == sa.bindparam("name")).with_for_update(key_share=True)
_BARE = (
    _query(sa.literal("").label("source"), sa.null().label("definition"))
    .where(campaigns.c.state.in_(sa.bindparam("states", expanding=True)))
    .order_by(campaigns.c.key)
)
_TEXTS = sa.select(campaign_revisions.c.id, sa.cast(campaign_revisions.c.definition, sa.Text)).where(
    campaign_revisions.c.id.in_(sa.bindparam("ids", expanding=True))
)


def _stored(row: Any) -> Stored:
    return Stored(
        row.id,
        row.key,
        row.name,
        CampaignState(row.state),
        row.revision_id,
        row.created_at,
        row.published_at,
        row.hash or "",
        row.source or "",
        row.definition or {},
    )


def every(conn: Connection, states: Sequence[CampaignState] = ()) -> list[Stored]:
    """All campaigns, or those in one of these states, by key."""
    query = _EVERY.where(campaigns.c.state.in_([state.value for state in states])) if states else _EVERY
    return [_stored(row) for row in conn.execute(query)]


def bare(conn: Connection, states: Sequence[CampaignState]) -> list[Stored]:
    """As `every`, without source and definition: for whoever has read those before."""
    return [_stored(row) for row in conn.execute(_BARE, {"states": [state.value for state in states]})]


def get(conn: Connection, key: str) -> Stored | None:
    """The campaign of this key, or None."""
    row = conn.execute(_ONE, {"name": key}).one_or_none()
    return None if row is None else _stored(row)


def lock(conn: Connection, key: str) -> Stored | None:
    """The campaign of this key as it is now; nobody else enters leads or changes it until the transaction ends."""
    conn.execute(_LOCK, {"name": key})
    return get(conn, key)


def lock_all(conn: Connection, keys: Sequence[str]) -> None:
    """Hold these campaigns, in one order for all, until the transaction ends."""
    query = sa.select(campaigns.c.id).where(campaigns.c.key.in_(keys)).order_by(campaigns.c.id)
    conn.execute(query.with_for_update(key_share=True))


def revisions(conn: Connection, ids: Sequence[int]) -> dict[int, Revision]:
    """Revisions by id."""
    rows = conn.execute(sa.select(campaign_revisions).where(campaign_revisions.c.id.in_(ids)))
    return {row.id: _revision(row) for row in rows}


def texts(conn: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The definitions of revisions by id, as the database writes them."""
    return {row[0]: row[1] for row in conn.execute(_TEXTS, {"ids": list(ids)})}


def revisions_of(conn: Connection, campaign_id: int) -> list[Revision]:
    """Every revision of a campaign, the latest first."""
    query = sa.select(campaign_revisions).where(campaign_revisions.c.campaign_id == campaign_id)
    return [_revision(row) for row in conn.execute(query.order_by(campaign_revisions.c.id.desc()))]


def _revision(row: Any) -> Revision:
    return Revision(row.id, row.campaign_id, row.hash, row.source, row.definition, row.created_at, row.created_by)


def shared(conn: Connection, key: str) -> tuple[str, Any] | None:
    """The live shared definition of this key (`scoring`, `pipeline`, `segments`) as (source, plain data), or None."""
    query = sa.select(shared_definitions.c.source, shared_definitions.c.definition)
    row = conn.execute(query.where(shared_definitions.c.key == key)).one_or_none()
    return None if row is None else (row.source, row.definition)
