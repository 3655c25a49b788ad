"""Opening opportunities for many leads at once, as campaigns do: in a fixed number of statements.

It uses the database, in the caller's write transaction, where the leads are held.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.database import upsert
from nurture.kernel.identity import public_id
from nurture.kernel.text import clean
from nurture.leads import many
from nurture.leads.model import Lifecycle
from nurture.leads.tables import companies, leads
from nurture.opportunities.assign import assign_many
from nurture.opportunities.model import NewOpportunity, OpportunityState, Pipeline
from nurture.opportunities.tables import opportunities, opportunity_changes

ACTOR = "engine"


@dataclass(frozen=True, slots=True)
class Opening:
    """An opportunity about to be opened, what asks for it, and the campaign whose step does."""

    new: NewOpportunity
    cause: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Opened:
    """One that was opened."""

    id: int
    lead_id: int
    owner_id: int | None
    cause: str


def line_of(new: NewOpportunity, pipeline: Pipeline) -> str:
    """Its product line: its own, or the pipeline's."""
    return pipeline.product_line if new.product_line is None else clean(new.product_line, 80)


def having_open(
    conn: Connection, lead_ids: Collection[int], pipeline: Pipeline
) -> Mapping[tuple[int, str], Collection[str]]:
    """Leads that have an open opportunity in this pipeline, each with its product line: the causes of those open."""
    o = opportunities.c
    query = sa.select(o.lead_id, o.product_line, o.cause).where(
        o.lead_id.in_(sorted(set(lead_ids))), o.pipeline == pipeline.key, o.state == OpportunityState.OPEN.value
    )
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.lead_id, row.product_line].append(row.cause)
    return found


def open_many(
    conn: Connection, asked: Sequence[Opening], pipeline: Pipeline, *, now: datetime, real: datetime, zone: ZoneInfo
) -> list[Opened]:
    """Open the automatic opportunity of each lead, one a lead, and give it an owner; gives those that opened.

    What is open already stays the only one; the database sees to that.
    """
    if not asked:
        return []
    by_lead = {one.new.lead_id: one for one in asked}
    rows = _leads(conn, list(by_lead))
    owners = assign_many(conn, list(by_lead), pipeline.key, now, zone)
    values = [_row(one, rows[lead_id], owners[lead_id], pipeline, now) for lead_id, one in by_lead.items()]
    insert = upsert(conn.dialect.name, opportunities).on_conflict_do_nothing()
    new = conn.execute(insert.returning(opportunities.c.id, opportunities.c.lead_id), values).all()
    opened = [Opened(row.id, row.lead_id, owners[row.lead_id], by_lead[row.lead_id].cause) for row in new]
    _lines(conn, opened, {row["lead_id"]: row for row in values}, by_lead, now, real)
    causes = {one.lead_id: (f"opportunity:{one.id}", by_lead[one.lead_id].campaign) for one in opened}
    by = many.By(ACTOR, now, real, causes)
    many.set_owner(conn, {one.lead_id: one.owner_id for one in opened if one.owner_id is not None}, by)
    many.set_lifecycle(conn, {one.lead_id: Lifecycle.OPPORTUNITY for one in opened}, by, forward=True)
    return opened


def _leads(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    query = (
        sa.select(
            leads.c.id, leads.c.company_id, leads.c.name, leads.c.email, leads.c.phone,
            companies.c.name.label("company"),
        )
        .select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))
        .where(leads.c.id.in_(sorted(lead_ids)))
    )  # fmt: skip
    return {row.id: row for row in conn.execute(query)}


def _row(one: Opening, lead: Any, owner_id: int | None, pipeline: Pipeline, now: datetime) -> dict[str, Any]:
    new = one.new
    return {
        "public_id": public_id(), "lead_id": lead.id, "company_id": lead.company_id, "owner_id": owner_id,
        "pipeline": pipeline.key, "name": clean(new.name, 200) or lead.company or lead.name or lead.email or lead.phone,
        "product_line": line_of(new, pipeline), "stage": pipeline.first.key, "state": OpportunityState.OPEN.value,
        "value": new.value, "currency": pipeline.currency, "automatic": True, "cause": one.cause,
        "criteria": [criterion.plain() for criterion in new.criteria], "next_step": "", "opened_at": now,
        "stage_since": now, "version": 1,
    }  # fmt: skip


def _lines(
    conn: Connection,
    opened: Sequence[Opened],
    rows: Mapping[int, Mapping[str, Any]],
    asked: Mapping[int, Opening],
    now: datetime,
    real: datetime,
) -> None:
    """The first line of each opportunity's history, and the one in the lead's timeline."""
    if not opened:
        return
    first = {"at": now, "actor": ACTOR, "field": "state", "before": "", "after": OpportunityState.OPEN.value}
    conn.execute(opportunity_changes.insert(), [{"opportunity_id": one.id, "reason": "", **first} for one in opened])
    lines = []
    for one in opened:
        row = rows[one.lead_id]
        detail = {"opportunity": row["public_id"], "name": row["name"], "automatic": True, "owner": one.owner_id}
        campaign = asked[one.lead_id].campaign
        kind = Kind.OPPORTUNITY_OPENED
        lines.append(Activity(one.lead_id, kind, now, ACTOR, one.cause, campaign_key=campaign, detail=detail))
    record_set(conn, lines, real=real)
