"""Writing a lead's timeline and the decisions taken about it. An activity and its pending reaction commit together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.about import about
from nurture.activities.model import Decided, Kind
from nurture.activities.tables import activities, decisions, reactions
from nurture.kernel.database import Instant, insert_new, insert_rows, upsert
from nurture.kernel.reasons import Reason


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
        "detail": dict(activity.detail) if activity.detail else _NOTHING,
    }


_NOTHING: Mapping[str, Any] = {}  # one for all, so that it is put into words once for many rows


@cache
def _once(dialect: str) -> Any:
    """Insert one that is not there yet, giving its id."""
    return upsert(dialect, activities).on_conflict_do_nothing().returning(activities.c.id)


def record(conn: Connection, activity: Activity, *, real: datetime, react: bool = True) -> int | None:
    """Write one activity; gives its id, or None when its cause_key was there already."""
    written = record_many(conn, [activity], real=real, react=react)
    return written[0]


def record_many(conn: Connection, batch: list[Activity], *, real: datetime, react: bool = True) -> list[int | None]:
    """Write activities in order; for each its id, or None when its cause_key was there already."""
    ids = _written(conn, batch, real)
    newest: dict[int, datetime] = {}
    written: list[tuple[int, int, datetime]] = []
    for new, one in zip(ids, batch, strict=True):
        if new is not None:
            newest[one.lead_id] = max(newest.get(one.lead_id, one.occurred_at), one.occurred_at)
            written.append((new, one.lead_id, one.occurred_at))
    if react:
        insert_rows(conn, reactions, ("activity_id", "lead_id", "occurred_at"), written)
    if newest:
        _see(conn, newest)
    return ids


def _written(conn: Connection, batch: Sequence[Activity], real: datetime) -> list[int | None]:
    """The ids of those that are new; all at once where each has a key to be told by."""
    if len(batch) <= 1 or not all(one.cause_key for one in batch):
        once = _once(conn.dialect.name)
        return [conn.execute(once, _row(one, real)).scalar_one_or_none() for one in batch]
    rows = [_row(one, real) for one in batch]
    new = insert_new(conn, activities, tuple(rows[0]), [tuple(row.values()) for row in rows], ("id", "cause_key"))
    found = {key: number for number, key in new}
    return [found.pop(one.cause_key, None) for one in batch]


def _see(conn: Connection, newest: Mapping[int, datetime]) -> None:
    """Move the leads' last sign of life on, in the order given: two processes wait for each other in none other."""
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    bind: Any = Instant().dialect_impl(conn.dialect).bind_processor(conn.dialect)
    rows = [(bound := bind(at) if bind else at, lead_id, bound) for lead_id, at in newest.items()]
    conn.exec_driver_sql(
        f"UPDATE leads SET last_activity_at = {mark} WHERE id = {mark}"  # noqa: S608 - marks alone
        f" AND (last_activity_at IS NULL OR last_activity_at < {mark})",
        rows,
    )


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
    times = [one.occurred_at for one in batch]
    same = times[0] if min(times) == max(times) else None  # a tick writes at one instant
    insert_rows(conn, reactions, ("activity_id", "lead_id", "occurred_at"), [(*row, same) for row in sorted(written)])


_OF_MESSAGE = (
    "lead_id", "kind", "occurred_at", "recorded_at", "actor", "cause", "cause_key", "message_id", "campaign_key",
    "email_key", "detail",
)  # fmt: skip


def record_messages(
    conn: Connection, kind: Kind, told: Iterable[tuple[int, int, str | None, str]], at: datetime, real: datetime
) -> None:
    """Write the same line about many messages, once for each; nobody reacts to it. As `record_set`, for less.

    `told`: message, lead, campaign and email of each.
    """
    rows = []
    for message, lead, campaign, email in told:
        cause = f"message:{message}"
        key = f"{cause}:{kind.value}"
        rows.append((lead, kind.value, at, real, "engine", cause, key, message, campaign, email, _NOTHING))
    insert_rows(conn, activities, _OF_MESSAGE, rows, once=True)


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
