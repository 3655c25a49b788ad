"""Write webhooks into the outbox, each once for its (enrollment, step, round) (queries)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.effects import CallWebhook
from nurture.engine.scene import Asked, Done, Scene
from nurture.leads.tables import companies, leads
from nurture.messages.values import lead_values
from nurture.outbound.document import document
from nurture.outbound.model import CallKind, NewCall
from nurture.outbound.service import write

EFFECT = CallWebhook


def perform(conn: Connection, asked: Sequence[Asked[CallWebhook]], scene: Scene) -> Done:
    """One document for each, as the lead is now."""
    about = _about(conn, [each.lead_id for each in asked])
    write(conn, [_call(each, about[each.lead_id]) for each in asked], now=scene.now, real=scene.real)
    return Done()


def _about(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    query = (
        sa.select(leads, companies.c.name.label("company_name"))
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .where(leads.c.id.in_(sorted(set(lead_ids))))
    )
    return {row.id: row for row in conn.execute(query)}


def _call(each: Asked[CallWebhook], row: Any) -> NewCall:
    place, deed, effect = each.one.place, each.deed, each.effect
    known = {"language": row.language, "lifecycle": row.lifecycle, "temperature": row.temperature}
    body = document(
        at=deed.planned_at, campaign=each.one.key, step=deed.step, occurrence=deed.occurrence, enrollment=place.id,
        name=effect.name, lead={**lead_values(row, row.company_name or ""), **known}, send=effect.send,
    )  # fmt: skip
    return NewCall(
        CallKind.WEBHOOK, each.cause, deed.planned_at, place.lead_id, place.campaign_id, place.id, deed.step,
        deed.occurrence, effect.name, effect.url, body,
    )  # fmt: skip
