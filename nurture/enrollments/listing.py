"""Who is or was in a campaign, as a list of leads that one person may see. Uses the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments, passages
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.users.model import Person


@dataclass(frozen=True, slots=True)
class Participant:
    """An enrollment as the list of a campaign shows it."""

    id: int
    lead_public_id: str
    lead: str
    state: EnrollmentState
    step: str | None
    due_at: datetime | None
    held: str | None
    held_detail: Mapping[str, Any]
    reason: str | None
    detail: Mapping[str, Any]
    error: str | None
    entered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which enrollments of a campaign are meant; empty parts narrow nothing. `step`: who is there now."""

    state: str = ""
    reason: str = ""
    step: str = ""
    passed: str = ""
    outcome: str = ""


def participants(
    conn: Connection,
    campaign_id: int,
    person: Person,
    chosen: Chosen,
    before: int | None = None,
    limit: int = 50,
    among: sa.Select[Any] | None = None,
) -> tuple[list[Participant], int | None]:
    """Enrollments whose leads this person sees, the latest first, and the id to go on before; `among`: of these ids."""
    name = sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.phone, "")
    query = (
        sa.select(enrollments, leads.c.public_id.label("lead_public_id"), name.label("lead"))
        .join(leads, leads.c.id == enrollments.c.lead_id)
        .where(enrollments.c.campaign_id == campaign_id, visible(person), *_chosen(campaign_id, chosen))
        .order_by(enrollments.c.id.desc())
        .limit(limit + 1)
    )
    if among is not None:
        query = query.where(enrollments.c.id.in_(among))
    if before is not None:
        query = query.where(enrollments.c.id < before)
    rows = conn.execute(query).all()
    found = [
        Participant(
            row.id, row.lead_public_id, row.lead, EnrollmentState(row.state), row.step, row.due_at, row.held,
            row.held_detail or {}, row.reason, row.detail or {}, row.error, row.entered_at, row.ended_at,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return found, (rows[limit - 1].id if len(rows) > limit else None)


def _chosen(campaign_id: int, chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if chosen.state:
        where.append(enrollments.c.state == chosen.state)
    if chosen.reason:
        where.append(enrollments.c.reason == chosen.reason)
    if chosen.step:
        where += [enrollments.c.state == EnrollmentState.ACTIVE.value, enrollments.c.step == chosen.step]
    if chosen.passed:
        through = sa.select(passages.c.enrollment_id).where(
            passages.c.campaign_id == campaign_id, passages.c.step == chosen.passed
        )
        if chosen.outcome:
            through = through.where(passages.c.outcome == chosen.outcome)
        where.append(enrollments.c.id.in_(through))
    return where
