"""Give people tasks, each once for its (enrollment, step, round) (queries)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import GiveTask
from nurture.engine.scene import Asked, Done, Scene
from nurture.engine.task_mail import tell
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageClass
from nurture.policy.laws import profile
from nurture.policy.windows import opening, zone_of
from nurture.tasks.model import Given, TaskKind
from nurture.tasks.service import give_many

EFFECT = GiveTask
_ADVERTISING = MessageClass.ADVERTISING.value


def perform(conn: Connection, asked: Sequence[Asked[GiveTask]], scene: Scene) -> Done:
    """One task for each, of which its person is told; a decision says where there is nobody yet, and it waits."""
    batch = [_given(each, scene) for each in asked]
    causes = {(one.enrollment_id, one.step, one.occurrence): each for one, each in zip(batch, asked, strict=True)}
    new, unowned = give_many(conn, batch, now=scene.now)
    nobody = [causes[one.enrollment_id, one.step, one.occurrence] for one in unowned]
    decide_many(conn, [_wait(each, scene) for each in nobody])
    return Done(queued=tell(conn, new, scene.settings, now=scene.now, real=scene.real))


def _given(each: Asked[GiveTask], scene: Scene) -> Given:
    """It is due so long after the planned instant; a late tick leaves at least that long from now."""
    effect, planned = each.effect, each.deed.planned_at
    late = planned + effect.due <= scene.now
    given = Given(
        each.lead_id,
        each.one.place.id,
        each.deed.step,
        each.deed.occurrence,
        each.one.key,
        effect.kind,
        effect.title,
        effect.note,
        planned + effect.due,
        effect.email,
        effect.words,
        effect.waits,
    )
    given = replace(given, due_at=scene.now + effect.due) if late else given
    return replace(given, due_at=_allowed(each, given, scene))


def _allowed(each: Asked[GiveTask], given: Given, scene: Scene) -> datetime:
    """A call that advertises is due at an hour at which the law allows it."""
    hours = profile(scene.settings.law).call_hours
    if given.kind is not TaskKind.CALL or hours is None or not _advertises(each):
        return given.due_at
    row = scene.rows.get(each.lead_id)
    return opening(hours, zone_of(row.zone if row is not None else None, scene.settings.zone), given.due_at)


def _advertises(each: Asked[GiveTask]) -> bool:
    campaign = each.one.campaign
    return campaign is not None and campaign.sending.class_ == _ADVERTISING


def _wait(each: Asked[GiveTask], scene: Scene) -> Decision:
    why = Reason.NO_SALESPERSON
    return Decision(Decided.STEP, each.cause, "later", why, scene.now, each.lead_id, each.cause)
