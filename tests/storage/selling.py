"""Leads, staff and activities for the tests of score, opportunity and alert, with the gallery's own rules."""

from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import activities, reactions
from nurture.kernel.context import Context
from nurture.kernel.database import upsert
from nurture.leads.tables import leads
from nurture.opportunities import published as deal_rules
from nurture.opportunities.model import Pipeline
from nurture.scoring import published as score_rules
from nurture.scoring.model import Happened, ScoringRules
from nurture.scoring.store import activities_by_id
from nurture.segments.store import built_in
from nurture.users.model import Person, Role
from nurture.users.tables import users

SHARED = Path(__file__).resolve().parents[2] / "campaigns" / "_shared"
PRICES = "https://shop.example/bang-gia"
HOURS = {"days": "mon-sat", "from": "08:00", "to": "17:30"}


def publish(context: Context) -> tuple[ScoringRules, Pipeline]:
    """The gallery's scoring and pipeline, live."""
    now, facts = context.clock.engine(), built_in()
    with context.database.write() as conn:
        score_rules.publish(conn, (SHARED / "scoring.yaml").read_text("utf-8"), facts, now)
        deal_rules.publish(conn, (SHARED / "pipeline.yaml").read_text("utf-8"), facts, now)
        rules, pipeline = score_rules.live(conn, facts), deal_rules.live(conn, facts)
    assert rules is not None
    assert pipeline is not None
    return rules, pipeline


def person(context: Context, role: Role = Role.SALES, name: str = "An", **more: Any) -> Person:
    """A member of staff."""
    values = {
        "email": f"{name.lower()}@house.example", "name": name, "role": role.value, "working_hours": HOURS,
        "created_at": context.clock.engine(), **more,
    }  # fmt: skip
    with context.database.write() as conn:
        new = conn.execute(users.insert().values(values).returning(users.c.id)).scalar_one()
    return Person(new, name, values["email"], role)


def lead(context: Context, name: str = "Mai", **more: Any) -> int:
    """A lead with phone and city: fit enough when rated."""
    now = context.clock.engine()
    values = {
        "public_id": f"p{name.lower()}", "email": f"{name.lower()}@lead.example", "name": name, "fields": {},
        "created_at": now, "updated_at": now, **more,
    }  # fmt: skip
    with context.database.write() as conn:
        return int(conn.execute(leads.insert().values(values).returning(leads.c.id)).scalar_one())


def happen(context: Context, lead_id: int, kind: Kind = Kind.CLICKED, at: datetime | None = None, **more: Any) -> int:
    """Something a lead did; waits to be reacted to."""
    detail = more.pop("detail", {})
    actor = more.pop("actor", "lead")
    activity = Activity(lead_id, kind, at or context.clock.engine(), actor, "hit:1", detail=detail, **more)
    with context.database.write() as conn:
        new = record(conn, activity, real=context.clock.real())
    assert new is not None
    return new


def turn_out_machine(context: Context, activity_id: int) -> None:
    """The verdict changes: the activity no longer counts, and waits to be reacted to again."""
    with context.database.write() as conn:
        conn.execute(
            activities.update().where(activities.c.id == activity_id).values(withdrawn_at=context.clock.engine())
        )
        lead_id = conn.execute(sa.select(activities.c.lead_id).where(activities.c.id == activity_id)).scalar_one()
        again = upsert(conn.dialect.name, reactions).values(activity_id=activity_id, lead_id=lead_id)
        conn.execute(again.on_conflict_do_nothing())


def happened(conn: Connection, activity_id: int) -> Happened:
    """The activity as it is scored."""
    return activities_by_id(conn, [activity_id])[activity_id]


def row(context: Context, lead_id: int) -> Any:
    """The lead's row."""
    with context.database.read() as conn:
        return conn.execute(sa.select(leads).where(leads.c.id == lead_id)).one()
