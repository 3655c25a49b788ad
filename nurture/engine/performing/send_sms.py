"""Write text messages into the outbox, each once for its (enrollment, step, round), skipped or not (queries)."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.effects import SendSms
from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.i18n import LANGUAGES
from nurture.kernel.reasons import Reason
from nurture.kernel.text import in_language
from nurture.leads.tables import companies, leads
from nurture.messages.values import house_values, message_values
from nurture.outbound.model import CallKind, CallState, NewCall
from nurture.outbound.parts import MOST_PARTS, measure
from nurture.outbound.service import write
from nurture.outbound.text import MissingField, TemplateFailure, render
from nurture.policy.decide import Skip
from nurture.policy.laws import subject_label
from nurture.policy.windows import zone_of
from nurture.users.tables import users

EFFECT = SendSms


class _Person:
    """Columns of a row whose names begin alike, as attributes without that beginning."""

    def __init__(self, row: Any, prefix: str) -> None:
        self._row = row
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, self._prefix + name, None)


def perform(conn: Connection, asked: Sequence[Asked[SendSms]], scene: Scene) -> Done:
    """One text for each, filled in as the lead is now; a decision says why one is left out."""
    about = _about(conn, [each.lead_id for each in asked])
    write(conn, [_call(each, about[each.lead_id], scene) for each in asked], now=scene.now, real=scene.real)
    return Done()


def _about(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    """The leads with their companies and owners."""
    query = (
        sa.select(
            leads,
            *(companies.c[name].label(f"company_{name}") for name in ("name", "domain", "size")),
            *(users.c[name].label(f"owner_{name}") for name in ("name", "email", "phone")),
        )
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .outerjoin(users, sa.and_(users.c.id == leads.c.owner_id, users.c.disabled_at.is_(None)))
        .where(leads.c.id.in_(sorted(set(lead_ids))))
    )
    return {row.id: row for row in conn.execute(query)}


def _call(each: Asked[SendSms], row: Any, scene: Scene) -> NewCall:
    place, deed, sending = each.one.place, each.deed, each.one.definition.sending
    text, skip = _text(each, row, scene)
    skip = deed.skip or skip
    return NewCall(
        CallKind.SMS, each.cause, deed.planned_at, place.lead_id, place.campaign_id, place.id, deed.step,
        deed.occurrence, "", row.phone or "", text,
        class_=sending.class_,
        parts=measure(text).parts,
        policy=sending.policy.to_json(zone_of(row.zone, scene.settings.zone)),
        state=CallState.QUEUED if skip is None else CallState.SKIPPED,
        reason="" if skip is None else skip.reason.value,
        detail={} if skip is None else dict(skip.detail),
    )  # fmt: skip


def _text(each: Asked[SendSms], row: Any, scene: Scene) -> tuple[str, Skip | None]:
    """What it says, with the label that the law asks of advertising; or why it cannot be said."""
    wished = (row.language, each.one.definition.language, scene.settings.language)
    language = next((one for one in wished if one in LANGUAGES), LANGUAGES[0])
    label = subject_label(scene.settings.law, each.one.definition.sending.class_)
    try:
        said = render(language, in_language(each.effect.text, language), _values(row, scene))
    except MissingField as error:
        return "", Skip(Reason.MISSING_FIELD, {"field": error.field})
    except TemplateFailure as error:
        return "", Skip(Reason.TEMPLATE_ERROR, {"error": str(error)[:200]})
    text = f"{label} {said}".strip()
    parts = measure(text).parts
    if parts > MOST_PARTS:
        return text, Skip(Reason.TOO_LONG, {"parts": parts, "limit": MOST_PARTS})
    return text, None


def _values(row: Any, scene: Scene) -> Mapping[str, Any]:
    owner = _Person(row, "owner_") if row.owner_name is not None else None
    company = _Person(row, "company_") if row.company_name is not None else None
    return message_values(row, owner, company, house_values(scene.settings))
