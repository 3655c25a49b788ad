"""Write an email: one message for each (enrollment, step, round), queued, or skipped with its reason (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import WriteMessage
from nurture.engine.scene import Asked, Done, Scene
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import write
from nurture.policy.decide import Skip
from nurture.policy.windows import zone_of

EFFECT = WriteMessage


def perform(conn: Connection, asked: Sequence[Asked[WriteMessage]], scene: Scene) -> Done:
    """One message for each, and the decision about those that are not to go; an enrollment waits for its message."""
    batch = [_message(each, scene) for each in asked]
    ids = write(conn, batch, now=scene.now, real=scene.real)
    waiting: dict[int, int] = {}
    for each, message, new in zip(asked, batch, ids, strict=True):
        if new is not None and message.state is MessageState.QUEUED:
            waiting[each.one.place.id] = new
    decide_many(conn, [_skip(each, each.deed.skip, scene) for each in asked if each.deed.skip is not None])
    return Done(waiting, len(waiting))


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
