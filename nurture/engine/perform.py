"""Performs what advances decided, many at once, in the transaction that moves the enrollments on (queries).

A fixed number of statements for a chunk, however many rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.effects import Enroll
from nurture.campaigns.store import lock_all
from nurture.engine.performing import holds, is_late, performers
from nurture.engine.scene import Asked, Scene
from nurture.engine.settle import Moved, settle
from nurture.enrollments.tables import passages
from nurture.kernel.database import insert_rows
from nurture.kernel.reasons import Reason
from nurture.leads.store import hold

_PASSAGE = ("enrollment_id", "campaign_id", "step", "occurrence", "outcome", "reason", "planned_at", "at")


def perform(conn: Connection, moved: Sequence[Moved], scene: Scene) -> int:
    """Do every effect, write passages, decisions and lines, and move the enrollments; gives mails queued."""
    asked: dict[type, list[Asked[Any]]] = defaultdict(list)
    for one in moved:
        for deed in one.move.deeds:
            asked[type(deed.effect)].append(Asked(one, deed, deed.effect))
    waiting: dict[int, int] = {}
    queued = 0
    due = [(asked[kind], performer) for kind, performer in performers().items() if asked[kind]]
    for those, performer in due:
        if not is_late(performer):
            done = performer.perform(conn, those, scene)
            waiting |= done.waiting
            queued += done.queued
    _passages(conn, moved, scene.now)
    settle(conn, moved, now=scene.now, real=scene.real, waiting=waiting)
    for those, performer in due:
        if is_late(performer):
            performer.perform(conn, those, scene)
    decide_many(conn, _holds(moved, scene.now))
    return queued


def prepare(conn: Connection, moved: Sequence[Moved]) -> None:
    """Take the locks that the effects need: leads in the order of their ids, then campaigns to enroll in.

    To be called before the enrollments are claimed, in the same transaction.
    """
    effects = [deed.effect for one in moved for deed in one.move.deeds]
    if any(holds(kind) for kind in {type(effect) for effect in effects}):
        hold(conn, sorted({one.place.lead_id for one in moved}))
    into = {effect.campaign for effect in effects if isinstance(effect, Enroll)}
    if into:
        lock_all(conn, sorted(into))


def _passages(conn: Connection, moved: Sequence[Moved], now: datetime) -> None:
    rows = [
        (
            one.place.id,
            one.place.campaign_id,
            passage.step,
            passage.occurrence,
            passage.outcome,
            passage.reason,
            passage.planned_at,
            now,
        )
        for one in moved
        for passage in one.move.passages
    ]
    insert_rows(conn, passages, _PASSAGE, rows, once=True)


def _holds(moved: Sequence[Moved], now: datetime) -> list[Decision]:
    """What waits for a reason besides its step: policy, a failure. What stands as it stood was told before."""
    return [
        Decision(
            Decided.STEP if one.move.held is Reason.STEP_FAILED else Decided.SEND,
            f"enrollment:{one.place.id}/{one.move.step}",
            "later",
            one.move.held,
            now,
            one.place.lead_id,
            f"enrollment:{one.place.id}",
            one.move.held_detail,
        )
        for one in moved
        if one.move.held is not None and not _stands(one)
    ]


def _stands(one: Moved) -> bool:
    """Whether it waits for the same reason until the same instant."""
    place, move = one.place, one.move
    before = (place.step, place.occurrence, place.held, place.planned_at)
    return before == (move.step, move.occurrence, move.held, move.planned_at) and move.held is not Reason.STEP_FAILED
