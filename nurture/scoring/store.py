"""Queries on the score ledger and on the cached sums of leads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.kernel.database import among, update_rows
from nurture.leads.model import Temperature
from nurture.leads.tables import leads
from nurture.scoring.model import DECAY, REVERSAL, Axis, Happened, Standing
from nurture.scoring.tables import score_entries, score_sweeps

e = score_entries.c
_taker = score_entries.alias("taker")
# Whether a line has been taken back.
TAKEN_BACK = sa.exists().where(_taker.c.reverses == e.id)

_HAPPENED = (
    activities.c.id, activities.c.lead_id, activities.c.kind, activities.c.occurred_at, activities.c.actor,
    activities.c.cause, activities.c.message_id, activities.c.campaign_key, activities.c.email_key, activities.c.url,
    activities.c.detail, activities.c.withdrawn_at,
)  # fmt: skip


_ENTRY = (e.id, e.lead_id, e.axis, e.rule, e.cause, e.points, e.reverses, e.reason, e.detail, e.actor, e.at)


# Built once: building costs more than running.
_LEAD = e.lead_id == sa.bindparam("lead")
_BY_ID = sa.select(*_HAPPENED).where(activities.c.id.in_(sa.bindparam("ids", expanding=True)))
_BY_ID_THEN = _BY_ID.where(
    activities.c.occurred_at.between(
        sa.bindparam("since", type_=activities.c.occurred_at.type),
        sa.bindparam("until", type_=activities.c.occurred_at.type),
    )
)
_STANDINGS = sa.select(leads.c.id, leads.c.engagement, leads.c.fit, leads.c.temperature).where(
    leads.c.id.in_(sa.bindparam("ids", expanding=True)), leads.c.merged_into.is_(None)
)
_CAUSED_BY = (
    sa.select(*_ENTRY).where(_LEAD, e.cause == sa.bindparam("for"), e.rule != REVERSAL, ~TAKEN_BACK).order_by(e.id)
)
_COUNTED = sa.select(*_ENTRY).where(_LEAD, e.rule == sa.bindparam("of"), ~TAKEN_BACK)
_COUNTED_SINCE = _COUNTED.where(e.at > sa.bindparam("since"))
_KEPT = sa.select(e.lead_id, e.rule, e.cause, e.at, e.detail, sa.case((TAKEN_BACK, 1), else_=0).label("gone")).where(
    e.rule.in_(sa.bindparam("of", expanding=True)),
    sa.or_(e.cause.in_(sa.bindparam("for_", expanding=True)), e.rule.in_(sa.bindparam("all_of", expanding=True))),
)
_NEW = ("lead_id", "axis", "rule", "cause", "points", "reverses", "reason", "detail", "actor", "at", "recorded_at")


def _adding() -> Any:
    new = {name: sa.bindparam(f"new_{name}", type_=score_entries.c[name].type) for name in _NEW}
    before = score_entries.alias("before")
    count = sa.select(sa.func.count() + 1).where(
        before.c.rule == new["rule"], before.c.lead_id == new["lead_id"], before.c.cause == new["cause"]
    )
    return score_entries.insert().values({**new, "sequence": count.scalar_subquery()}).returning(e.id)


_ADD = _adding()


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored line."""

    id: int
    lead_id: int
    axis: Axis
    rule: str
    cause: str
    points: int
    reverses: int | None
    reason: str
    detail: Mapping[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a stored line tells whether its rule may count once more."""

    cause: str
    at: datetime
    detail: Mapping[str, Any]
    gone: bool  # taken back


def _entry(row: RowMapping) -> Entry:
    return Entry(**{**row, "axis": Axis(row["axis"])})


def happened_of(row: RowMapping) -> Happened:
    """An activity row as it is scored."""
    return Happened(**{**row, "kind": Kind(row["kind"])})


def activities_by_id(
    conn: Connection, ids: Iterable[int], span: tuple[datetime, datetime] | None = None
) -> dict[int, Happened]:
    """Activities by id, in one query. `span`: between which instants they happened: spares a look at all months."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    if span is None or conn.dialect.name == "sqlite":
        rows = conn.execute(_BY_ID, {"ids": wanted}).mappings()
    else:
        rows = conn.execute(_BY_ID_THEN, {"ids": wanted, "since": span[0], "until": span[1]}).mappings()
    return {row["id"]: happened_of(row) for row in rows}


def activities_of(conn: Connection, lead_id: int, kind: Kind, since: datetime) -> list[Happened]:
    """A lead's activities of one kind from an instant on that count, earliest first."""
    query = (
        sa.select(*_HAPPENED)
        .where(activities.c.lead_id == lead_id, activities.c.kind == kind.value)
        .where(activities.c.occurred_at >= since, activities.c.withdrawn_at.is_(None))
        .order_by(activities.c.occurred_at, activities.c.id)
        .limit(1000)
    )
    return [happened_of(row) for row in conn.execute(query).mappings()]


def standing(conn: Connection, lead_id: int, *, lock: bool = False) -> Standing | None:
    """The cached sums of a lead; `lock` holds the row until the transaction ends."""
    query = sa.select(leads.c.id, leads.c.engagement, leads.c.fit, leads.c.temperature).where(leads.c.id == lead_id)
    row = conn.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
    return Standing(row.id, row.engagement, row.fit, Temperature(row.temperature)) if row else None


def standings(conn: Connection, lead_ids: Iterable[int]) -> dict[int, Standing]:
    """The cached sums of these leads; those that were merged away are left out."""
    rows = conn.execute(_STANDINGS, {"ids": sorted(set(lead_ids))})
    return {row.id: Standing(row.id, row.engagement, row.fit, Temperature(row.temperature)) for row in rows}


def save_standings(conn: Connection, standings: Iterable[Standing]) -> None:
    """Keep sums and temperatures."""
    rows = [(one.lead_id, one.engagement, one.fit, one.temperature.value) for one in standings]
    update_rows(conn, leads, ("engagement", "fit", "temperature"), rows)


def entries(conn: Connection, lead_id: int, at: datetime | None = None) -> list[Entry]:
    """All lines of a lead, in the order in which they count; those until `at` only."""
    query = sa.select(*_ENTRY).where(e.lead_id == lead_id).order_by(e.at, e.id)
    if at is not None:
        query = query.where(e.at <= at)
    return [_entry(row) for row in conn.execute(query).mappings()]


def caused_by(conn: Connection, lead_id: int, cause: str) -> list[Entry]:
    """The lines of one cause that still stand."""
    return [_entry(row) for row in conn.execute(_CAUSED_BY, {"lead": lead_id, "for": cause}).mappings()]


def kept(
    conn: Connection, lead_ids: Sequence[int], causes: Sequence[str], rules: Sequence[str], limited: Sequence[str]
) -> dict[tuple[int, str], list[Kept]]:
    """By lead and rule: the lines of these rules that one of the causes led to, and all of those that are limited."""
    found: dict[tuple[int, str], list[Kept]] = {}
    asked = {"of": rules, "for_": causes, "all_of": limited}
    if lead_ids:
        for row in conn.execute(_KEPT.where(among(e.lead_id, lead_ids)), asked):
            found.setdefault((row.lead_id, row.rule), []).append(Kept(row.cause, row.at, row.detail, bool(row.gone)))
    return found


def by_rules(conn: Connection, lead_id: int, rules: Iterable[str], axis: Axis) -> list[Entry]:
    """A lead's lines of these rules that still stand."""
    query = sa.select(*_ENTRY).where(e.lead_id == lead_id, e.axis == axis.value, e.rule.in_(sorted(rules)), ~TAKEN_BACK)
    return [_entry(row) for row in conn.execute(query.order_by(e.id)).mappings()]


def counted(conn: Connection, lead_id: int, rule: str, since: datetime | None) -> list[Entry]:
    """How often a rule has counted for a lead: its standing lines, from an instant on."""
    values = {"lead": lead_id, "of": rule}
    rows = conn.execute(_COUNTED_SINCE, {**values, "since": since}) if since else conn.execute(_COUNTED, values)
    return [_entry(row) for row in rows.mappings()]


def add(conn: Connection, values: Mapping[str, Any]) -> int:
    """Write a line, numbered after those of this rule and cause, taken back ones included; gives its id."""
    named = {f"new_{name}": value for name, value in values.items()}
    return int(conn.execute(_ADD, named).scalar_one())


def strong_lines(conn: Connection, lead_id: int, least: int, limit: int = 30) -> list[tuple[Entry, Happened | None]]:
    """A lead's standing engagement lines of at least so many points with their activities, newest first."""
    query = (
        sa.select(*_ENTRY)
        .where(e.lead_id == lead_id, e.axis == Axis.ENGAGEMENT.value, e.points >= least, ~TAKEN_BACK)
        .where(e.rule.not_in([DECAY, REVERSAL]))
        .order_by(e.at.desc(), e.id.desc())
        .limit(limit)
    )
    found = [_entry(row) for row in conn.execute(query).mappings()]
    causes = {entry.id: activity_of(entry.cause) for entry in found}
    seen = activities_by_id(conn, [one for one in causes.values() if one is not None])
    return [(entry, seen.get(causes[entry.id] or 0)) for entry in found]


def activity_of(cause: str) -> int | None:
    """The id in `activity:12`; None for other causes."""
    kind, _, number = cause.partition(":")
    return int(number) if kind == "activity" and number.isdecimal() else None


def sweep_of(conn: Connection, key: str) -> RowMapping | None:
    """How far this sweep has come; the row is held."""
    return (
        conn.execute(sa.select(score_sweeps).where(score_sweeps.c.key == key).with_for_update(key_share=True))
        .mappings()
        .first()
    )


def newest_sweep(conn: Connection, kind: str) -> str | None:
    """The greatest key of the sweeps of this kind: the latest day of `decay`."""
    keys = sa.select(score_sweeps.c.key).where(score_sweeps.c.key.like(f"{kind}:%"))
    return conn.execute(keys.order_by(score_sweeps.c.key.desc()).limit(1)).scalar_one_or_none()


def quiet_since(cutoff: datetime) -> sa.ColumnElement[bool]:
    """Leads without a line of their own on engagement after this instant."""
    return ~sa.exists().where(
        e.lead_id == leads.c.id,
        e.axis == Axis.ENGAGEMENT.value,
        e.at > cutoff,
        e.rule.not_in([DECAY, REVERSAL]),
    )
