"""Queries on enrollments and passages: what is due, who may enter, what a page shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.enrollments.entry import Past
from nurture.enrollments.model import EnrollmentState, Place
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.database import Instant, among
from nurture.kernel.reasons import Reason

_ACTIVE = enrollments.c.state == EnrollmentState.ACTIVE.value
_IDLE = sa.and_(_ACTIVE, enrollments.c.waits_for.is_(None))
# The same spelled out, so that the partial index of what is due serves it.
_RESTS = sa.text("enrollments.state = 'active' AND enrollments.waits_for IS NULL")


_PLACE = tuple(
    enrollments.c[name]
    for name in (
        "id", "campaign_id", "revision_id", "lead_id", "step", "occurrence", "planned_at", "arrived_at", "entered_at",
        "attempts", "stirred", "held", "held_detail", "memory",
    )
)  # fmt: skip
# What tells that an enrollment is still where it was seen.
_MARK = tuple(
    enrollments.c[name]
    for name in ("id", "revision_id", "step", "occurrence", "planned_at", "arrived_at", "attempts", "stirred")
)


def _place(row: Any) -> Place:
    (
        number, campaign_id, revision_id, lead_id, step, occurrence, planned_at, arrived_at, entered_at, attempts,
        stirred, held, held_detail, memory,
    ) = row  # fmt: skip
    return Place(
        number,
        campaign_id,
        revision_id,
        lead_id,
        step,
        occurrence,
        planned_at,
        arrived_at or planned_at,
        entered_at,
        attempts,
        stirred,
        Reason(held) if held else None,
        held_detail or {},
        memory or {},
    )


def _due(columns: Sequence[sa.Column[Any]]) -> sa.Select[Any]:
    live = sa.select(campaigns.c.id).where(campaigns.c.state == CampaignState.LIVE.value)
    is_due = enrollments.c.due_at <= sa.bindparam("now")
    return sa.select(*columns).where(_RESTS, is_due, enrollments.c.campaign_id.in_(live))


# Built once: building costs more than running.
_DUE = _due(_PLACE).order_by(enrollments.c.due_at, enrollments.c.id).limit(sa.bindparam("most", type_=sa.Integer))
_BESIDES = _due(_PLACE).order_by(enrollments.c.due_at, enrollments.c.id)
_STILL_DUE = _due(_MARK).with_for_update(key_share=True, skip_locked=True)


def due(conn: Connection, now: datetime, limit: int, ids: Sequence[int] | None = None) -> list[Place]:
    """Due enrollments of live campaigns, the longest due first; of these ids, or all."""
    query = _DUE if ids is None else _DUE.where(among(enrollments.c.id, ids))
    return [_place(row) for row in conn.execute(query, {"now": now, "most": limit}).all()]


def due_but(
    conn: Connection, now: datetime, limit: int, but: Sequence[int], *, newest: bool = False
) -> list[tuple[int, int]]:
    """(enrollment, lead) of what is due but these, the longest due first, or the newest."""
    query = _due([enrollments.c.id, enrollments.c.lead_id]).where(~among(enrollments.c.id, but))
    columns = enrollments.c.due_at, enrollments.c.id
    query = query.order_by(*(one.desc() if newest else one for one in columns)).limit(limit)
    return [(row.id, row.lead_id) for row in conn.execute(query, {"now": now})]


def due_besides(conn: Connection, now: datetime, places: Sequence[Place]) -> list[Place]:
    """What else is due of the leads of these places, the longest due first."""
    leads, ids = sorted({place.lead_id for place in places}), [place.id for place in places]
    query = _BESIDES.where(among(enrollments.c.lead_id, leads), ~among(enrollments.c.id, ids))
    return [_place(row) for row in conn.execute(query, {"now": now}).all()]


def claim(conn: Connection, places: Sequence[Place], now: datetime) -> dict[int, Place]:
    """Those of the places that are due still and where they were, by id, locked until the transaction ends.

    On PostgreSQL rows that another worker holds are passed over; on SQLite there is one writer.
    """
    seen = {place.id: place for place in places}
    rows = conn.execute(_STILL_DUE.where(among(enrollments.c.id, list(seen))), {"now": now}).all()
    return {row[0]: seen[row[0]] for row in rows if _is_there(row, seen[row[0]])}


def _is_there(row: Any, place: Place) -> bool:
    """Whether a row of `_MARK` is that of the place."""
    _, revision_id, step, occurrence, planned_at, arrived_at, attempts, stirred = row
    return (
        planned_at == place.planned_at
        and (arrived_at or planned_at) == place.arrived_at
        and (revision_id, step, occurrence, attempts, stirred)
        == (place.revision_id, place.step, place.occurrence, place.attempts, place.stirred)
    )


def active(
    conn: Connection,
    *,
    ids: Sequence[int] | None = None,
    lead_ids: Sequence[int] | None = None,
    campaigns: sa.Select[tuple[int]] | None = None,
    limit: int | None = None,
) -> list[Place]:
    """Active enrollments by id, lead or campaign, locked until the transaction ends."""
    query = sa.select(*_PLACE).where(_ACTIVE).order_by(enrollments.c.id).limit(limit)
    for column, wanted in (("id", ids), ("lead_id", lead_ids), ("campaign_id", campaigns)):
        if wanted is not None:
            query = query.where(enrollments.c[column].in_(wanted))
    return [_place(row) for row in conn.execute(query.with_for_update(key_share=True))]


def stir(conn: Connection, places: Sequence[int], nudged: Sequence[int], now: datetime) -> None:
    """Something relevant happened: a decision about these places that is being made now is void.

    The nudged ones, which wait for a later instant and not for a mail, are looked at early.
    """
    rests = sa.and_(
        enrollments.c.due_at > now, enrollments.c.planned_at > now, enrollments.c.waits_for.is_(None),
        enrollments.c.id.in_(nudged),
    )  # fmt: skip
    due = sa.case((rests, sa.literal(now, Instant)), else_=enrollments.c.due_at)
    change = enrollments.update().where(enrollments.c.id.in_(places), _ACTIVE)
    conn.execute(change.values(stirred=enrollments.c.stirred + 1, due_at=due))


def is_any_active(conn: Connection, campaigns: sa.Select[tuple[int]]) -> bool:
    """Whether anybody is under way in one of these campaigns."""
    query = sa.select(enrollments.c.id).where(_ACTIVE, enrollments.c.campaign_id.in_(campaigns))
    return conn.execute(query.limit(1)).first() is not None


def past(conn: Connection, campaign_id: int, lead_ids: Sequence[int]) -> dict[int, list[Past]]:
    """Earlier and running enrollments of these leads in the campaign, the earliest first."""
    found: dict[int, list[Past]] = defaultdict(list)
    query = (
        sa.select(enrollments.c.lead_id, enrollments.c.entered_at, enrollments.c.ended_at)
        .where(enrollments.c.campaign_id == campaign_id, enrollments.c.lead_id.in_(lead_ids))
        .order_by(enrollments.c.id)
    )
    for row in conn.execute(query):
        found[row.lead_id].append(Past(row.entered_at, row.ended_at))
    return found


def past_of(conn: Connection, lead_id: int) -> dict[int, list[Past]]:
    """Earlier and running enrollments of one lead by campaign, the earliest first."""
    found: dict[int, list[Past]] = defaultdict(list)
    columns = (enrollments.c.campaign_id, enrollments.c.entered_at, enrollments.c.ended_at)
    for row in conn.execute(sa.select(*columns).where(enrollments.c.lead_id == lead_id).order_by(enrollments.c.id)):
        found[row.campaign_id].append(Past(row.entered_at, row.ended_at))
    return found


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrollment as a lead's page shows it."""

    id: int
    campaign_key: str
    campaign_name: Mapping[str, str]
    campaign_state: CampaignState
    state: EnrollmentState
    step: str | None
    due_at: datetime | None
    held: str | None  # reason code: why it waits, besides its step
    held_detail: Mapping[str, Any]
    waits_for: int | None  # the message that has to go first
    reason: str | None  # why it ended
    detail: Mapping[str, Any]
    cause: str
    entered_at: datetime
    ended_at: datetime | None
    error: str | None


def of_lead(conn: Connection, lead_id: int) -> list[Enrolled]:
    """Every enrollment of a lead, the latest first."""
    query = (
        sa.select(
            enrollments,
            campaigns.c.key.label("campaign_key"),
            campaigns.c.name.label("campaign_name"),
            campaigns.c.state.label("campaign_state"),
        )
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .where(enrollments.c.lead_id == lead_id)
        .order_by(enrollments.c.id.desc())
    )
    return [
        Enrolled(
            row.id,
            row.campaign_key,
            row.campaign_name,
            CampaignState(row.campaign_state),
            EnrollmentState(row.state),
            row.step,
            row.due_at,
            row.held,
            row.held_detail or {},
            row.waits_for,
            row.reason,
            row.detail or {},
            row.cause,
            row.entered_at,
            row.ended_at,
            row.error,
        )
        for row in conn.execute(query)
    ]


def under_way(conn: Connection) -> dict[str, int]:
    """How many leads are under way in each campaign, by its key."""
    query = (
        sa.select(campaigns.c.key, sa.func.count())
        .join(enrollments, enrollments.c.campaign_id == campaigns.c.id)
        .where(_ACTIVE)
        .group_by(campaigns.c.key)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


@dataclass(frozen=True, slots=True)
class Overview:
    """A campaign in the list: its enrollments by state, reached goals, and when the next one is due."""

    campaign: campaign_store.Stored
    states: Mapping[EnrollmentState, int]
    goals: int
    next_due: datetime | None

    @property
    def entered(self) -> int:
        """How many enrollments there ever were."""
        return sum(self.states.values())

    @property
    def under_way(self) -> int:
        """How many take part now."""
        return self.states.get(EnrollmentState.ACTIVE, 0)


def overview(conn: Connection, key: str | None = None) -> list[Overview]:
    """Every campaign with its counts, by key; or only the one of this key."""
    if key is None:
        chosen = campaign_store.every(conn)
        counts = figures(conn)
    else:
        one = campaign_store.get(conn, key)
        chosen = [] if one is None else [one]
        counts = {} if one is None else figures(conn, one.id)
    return [Overview(one, *counts.get(one.id, Figures())) for one in chosen]


class Figures(NamedTuple):
    """A campaign's enrollments by state, reached goals, and when the next one is due."""

    states: Mapping[EnrollmentState, int] = MappingProxyType({})
    goals: int = 0
    next_due: datetime | None = None


def figures(conn: Connection, campaign_id: int | None = None) -> dict[int, Figures]:
    """The figures of every campaign that has enrollments, by its id; or only of this one."""
    goal = sa.func.sum(sa.case((enrollments.c.reason == "goal_reached", 1), else_=0))
    due = sa.func.min(sa.case((_IDLE, enrollments.c.due_at)))
    query = sa.select(enrollments.c.campaign_id, enrollments.c.state, sa.func.count(), goal, due)
    if campaign_id is not None:
        query = query.where(enrollments.c.campaign_id == campaign_id)
    found: dict[int, Figures] = {}
    for one, state, count, reached, first in conn.execute(
        query.group_by(enrollments.c.campaign_id, enrollments.c.state)
    ):
        known = found.get(one, Figures())
        states = {**known.states, EnrollmentState(state): count}
        found[one] = Figures(states, known.goals + int(reached), first or known.next_due)
    return found


@dataclass(frozen=True, slots=True)
class StepCounts:
    """Leads at a step now, and what came of those who passed it, by outcome word (`done`, `then`, `skipped`, …)."""

    here: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many went through, those whose mail was skipped included."""
        return sum(self.outcomes.values())

    @property
    def skipped(self) -> int:
        """Those whose mail was not written as sendable."""
        return self.outcomes.get("skipped", 0)


def step_counts(conn: Connection, campaign_id: int) -> dict[str, StepCounts]:
    """The counts of each step of a campaign, over all its revisions, by step id."""
    at = sa.select(enrollments.c.step, sa.cast(sa.null(), sa.Text), sa.func.count()).where(
        enrollments.c.campaign_id == campaign_id, _ACTIVE, enrollments.c.step.is_not(None)
    )
    through = sa.select(passages.c.step, passages.c.outcome, sa.func.count())
    through = through.where(passages.c.campaign_id == campaign_id).group_by(passages.c.step, passages.c.outcome)
    here: dict[str, int] = {}
    outcomes: dict[str, dict[str, int]] = defaultdict(dict)
    for step, outcome, count in conn.execute(sa.union_all(at.group_by(enrollments.c.step), through)):
        if outcome is None:
            here[step] = count
        else:
            outcomes[step][outcome] = count
    return {step: StepCounts(here.get(step, 0), outcomes[step]) for step in {*here, *outcomes}}
