"""Writing a lead's timeline and the decisions taken about it. An activity and its pending reaction commit together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.about import about
from nurture.activities.model import Decided, Kind
from nurture.activities.tables import activities, decisions, reactions
from nurture.kernel.database import Id, Instant, insert_new, insert_rows, upsert
from nurture.kernel.reasons import Reason

# The one column of a lead that its timeline moves. The stage that owns the table stands above this one.
leads = sa.table("leads", sa.column("id", Id), sa.column("last_activity_at", Instant))


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of a timeline, about to be written. `cause_key` makes it happen at most once."""

    lead_id: int
    kind: Kind
    occurred_at: datetime  # engine time
    actor: str  # `lead`, `engine`, `user:4`
    cause: str
    cause_key: str | None = None
    message_id: int | None = None
    campaign_key: str | None = None
    email_key: str | None = None
    url: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def _row(activity: Activity, real: datetime) -> dict[str, Any]:
    return {
        "lead_id": activity.lead_id,
        "kind": activity.kind.value,
        "occurred_at": activity.occurred_at,
        "recorded_at": real,
        "actor": activity.actor,
        "cause": activity.cause,
        "cause_key": activity.cause_key,
        "message_id": activity.message_id,
        "campaign_key": activity.campaign_key,
        "email_key": activity.email_key,
        "url": activity.url,
        "about": about(activity.kind, activity.detail, activity.url),
        "detail": dict(activity.detail),
    }


# Built once: building costs more than running.
_AT = sa.bindparam("at", type_=Instant)
_REACT = reactions.insert()
_SEEN = (
    leads.update()
    .where(leads.c.id == sa.bindparam("lead"))
    .where(sa.or_(leads.c.last_activity_at.is_(None), leads.c.last_activity_at < _AT))
    .values(last_activity_at=_AT)
)


@cache
def _once(dialect: str) -> Any:
    """Insert one that is not there yet, giving its id."""
    insert = upsert(dialect, activities)
    return insert.on_conflict_do_nothing(index_elements=["cause_key"]).returning(activities.c.id)


def record(conn: Connection, activity: Activity, *, real: datetime, react: bool = True) -> int | None:
    """Write one activity; gives its id, or None when its cause_key was there already."""
    written = record_many(conn, [activity], real=real, react=react)
    return written[0]


def record_many(conn: Connection, batch: list[Activity], *, real: datetime, react: bool = True) -> list[int | None]:
    """Write activities in order; for each its id, or None when its cause_key was there already."""
    ids: list[int | None] = []
    newest: dict[int, datetime] = {}
    for activity in batch:
        new = conn.execute(_once(conn.dialect.name), _row(activity, real)).scalar_one_or_none()
        ids.append(new)
        if new is not None:
            newest[activity.lead_id] = max(newest.get(activity.lead_id, activity.occurred_at), activity.occurred_at)
    written = [(new, activity) for new, activity in zip(ids, batch, strict=True) if new is not None]
    if react and written:
        conn.execute(_REACT, [{"activity_id": new, "lead_id": a.lead_id} for new, a in written])
    if newest:
        conn.execute(_SEEN, [{"lead": lead_id, "at": at} for lead_id, at in newest.items()])
    return ids


def record_set(conn: Connection, batch: list[Activity], *, real: datetime, react: bool = True) -> None:
    """Write what the engine did to many leads, in a fixed number of statements, each with its pending reaction.

    It is no sign of life of the lead: `last_activity_at` stays. A cause_key that is there already is passed over.
    """
    if not batch:
        return
    names = tuple(_row(batch[0], real))
    rows = [tuple(_row(one, real).values()) for one in batch]
    if not react:
        insert_rows(conn, activities, names, rows, once=True)
        return
    written = insert_new(conn, activities, names, rows, ("id", "lead_id"))
    insert_rows(conn, reactions, ("activity_id", "lead_id"), sorted(written))


@dataclass(frozen=True, slots=True)
class Decision:
    """A yes or no that fell due, about to be kept."""

    kind: Decided
    subject: str
    outcome: str
    reason: Reason
    at: datetime  # engine time
    lead_id: int | None = None
    cause: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


_DECISION = ("lead_id", "kind", "subject", "outcome", "reason", "detail", "cause", "at")


def decide_many(conn: Connection, batch: list[Decision]) -> None:
    """Keep decisions with their reasons."""
    if batch:
        rows = [
            (d.lead_id, d.kind.value, d.subject, d.outcome, d.reason.value, dict(d.detail), d.cause, d.at)
            for d in batch
        ]
        insert_rows(conn, decisions, _DECISION, rows)
