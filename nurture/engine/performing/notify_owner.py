"""Write to the owners of leads, in the words of the campaign's author (queries)."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import NotifyOwner
from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.reasons import Reason
from nurture.kernel.text import in_language
from nurture.leads.tables import companies, leads
from nurture.messages.model import MessageClass, NewMessage, Purposes, choose_language
from nurture.messages.service import write
from nurture.messages.values import house_values, lead_values, staff_values
from nurture.users.tables import users

EFFECT = NotifyOwner
STAFF_TEMPLATE = "staff_notify"


def perform(conn: Connection, asked: Sequence[Asked[NotifyOwner]], scene: Scene) -> Done:
    """A mail to the owner of each lead; a decision says where there is none."""
    about = _about(conn, [each.lead_id for each in asked])
    batch: list[NewMessage] = []
    nobody: list[Decision] = []
    for each in asked:
        row = about[each.lead_id]
        if row.user_email is None:
            no = Reason.NO_SALESPERSON
            nobody.append(Decision(Decided.STEP, each.cause, "no", no, scene.now, each.lead_id, each.cause))
        else:
            batch.append(_note(each, row, scene))
    decide_many(conn, nobody)
    return Done(queued=sum(new is not None for new in write(conn, batch, now=scene.now, real=scene.real)))


def _about(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    """The leads with their companies' names and their owners."""
    query = (
        sa.select(
            leads,
            companies.c.name.label("company_name"),
            users.c.id.label("user_id"),
            users.c.email.label("user_email"),
            users.c.name.label("user_name"),
            users.c.phone.label("user_phone"),
            users.c.language.label("user_language"),
        )
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .outerjoin(users, sa.and_(users.c.id == leads.c.owner_id, users.c.disabled_at.is_(None)))
        .where(leads.c.id.in_(sorted(set(lead_ids))))
    )
    return {row.id: row for row in conn.execute(query)}


def _note(each: Asked[NotifyOwner], row: Any, scene: Scene) -> NewMessage:
    wished = (row.user_language, scene.settings.language)
    language = choose_language(wished, scene.languages.get(STAFF_TEMPLATE, ())) or scene.settings.language
    owner = SimpleNamespace(name=row.user_name, email=row.user_email, phone=row.user_phone)
    values = staff_values(
        owner,
        house_values(scene.settings),
        lead=lead_values(row, row.company_name or ""),
        title=in_language(each.effect.note, language),
        url=f"{scene.settings.base_url}/leads/{row.public_id}",
    )
    return NewMessage(
        Purposes.ALERT,
        STAFF_TEMPLATE,
        language,
        MessageClass.TRANSACTIONAL,
        each.deed.planned_at,
        lead_id=each.lead_id,
        user_id=row.user_id,
        unique_key=f"notify:{each.cause}",
        values=values,
        address=row.user_email,
        priority=1,
    )
