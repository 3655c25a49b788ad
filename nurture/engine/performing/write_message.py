"""Write an email: one message for each (enrollment, step, round), queued, or skipped with its reason (queries)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import WriteMessage
from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import write
from nurture.messages.tables import messages
from nurture.policy.decide import Skip
from nurture.policy.windows import zone_of

EFFECT = WriteMessage


def perform(conn: Connection, asked: Sequence[Asked[WriteMessage]], scene: Scene) -> Done:
    """One message for each, and the decision about those that are not to go; an enrollment waits for its message.

    One that was written before in this round is not written again: the steps were put into another order meanwhile.
    """
    batch = [_message(each, scene) for each in asked]
    ids = write(conn, batch, now=scene.now, real=scene.real)
    waiting: dict[int, int] = {}
    for each, message, new in zip(asked, batch, ids, strict=True):
        if new is not None and message.state is MessageState.QUEUED:
            waiting[each.one.place.id] = new
    twice = _written_before(conn, [each for each, new in zip(asked, ids, strict=True) if new is None])
    skips = [(each, twice.get(each.cause, each.deed.skip)) for each in asked]
    decide_many(conn, [_skip(each, skip, scene) for each, skip in skips if skip is not None])
    return Done(waiting, len(waiting))


def _written_before(conn: Connection, asked: Sequence[Asked[WriteMessage]]) -> dict[str, Skip]:
    """Why nothing is written for these, by cause: when they were."""
    if not asked:
        return {}
    m = messages.c
    at = sa.func.coalesce(m.ended_at, m.planned_at, type_=m.ended_at.type).label("at")
    ids = sorted({each.one.place.id for each in asked})
    query = sa.select(m.enrollment_id, m.step, m.occurrence, at).where(m.enrollment_id.in_(ids))
    dates = {(row.enrollment_id, row.step, row.occurrence): row.at for row in conn.execute(query)}
    return {
        each.cause: Skip(Reason.DUPLICATE_MESSAGE, {"date": found.isoformat(timespec="seconds")})
        for each in asked
        if (found := dates.get((each.one.place.id, each.deed.step, each.deed.occurrence))) is not None
    }


def _message(each: Asked[WriteMessage], scene: Scene) -> NewMessage:
    one, deed, effect = each.one, each.deed, each.effect
    lead, sending = scene.rows[one.place.lead_id], one.definition.sending
    wished = (lead.language, one.definition.language, scene.settings.language)
    language = choose_language(wished, scene.languages.get(effect.email, ()))
    skip = deed.skip
    return NewMessage(
        Purposes.CAMPAIGN,
        effect.email,
        language or scene.settings.language,
        MessageClass(sending.class_),
        deed.planned_at,
        lead_id=one.place.lead_id,
        campaign_id=one.place.campaign_id,
        enrollment_id=one.place.id,
        revision_id=one.place.revision_id,
        step=deed.step,
        occurrence=deed.occurrence,
        sender=sending.sender.value,
        policy=sending.policy.to_json(zone_of(lead.zone, scene.settings.zone)),
        state=MessageState.QUEUED if skip is None else MessageState.SKIPPED,
        reason="" if skip is None else skip.reason.value,
        detail=None if skip is None else dict(skip.detail),
        priority=sending.priority,
    )


def _skip(each: Asked[WriteMessage], skip: Skip, scene: Scene) -> Decision:
    subject = f"{each.enrollment}/{each.deed.step}"
    return Decision(Decided.SEND, subject, "no", skip.reason, scene.now, each.lead_id, each.enrollment, skip.detail)
