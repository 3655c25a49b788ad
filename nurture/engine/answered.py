"""Steps that give up waiting while somebody answers: of an outcome and a timeout, exactly one counts (queries)."""

from collections.abc import Container, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.steps.task import TIMEOUT
from nurture.campaigns.steps.webhook import FAILED
from nurture.engine.settle import Moved
from nurture.outbound.store import answers
from nurture.tasks.store import IS_OPEN
from nurture.tasks.tables import tasks

_GIVES_UP = {"task": TIMEOUT, "webhook": FAILED}


def unanswered(conn: Connection, moved: list[Moved], known: Container[int]) -> list[Moved]:
    """Without those whose answer came while they were looked at, or is just being written: the next look goes by it.

    `known`: enrollments whose answer was there at the look. Tasks that time out are locked, so that whoever says what
    came of one from now on hears that it has ended.
    """
    waited = [one for one in moved if one.place.id not in known]
    given = [one for one in waited if _gave_up(one, "task")]
    called = [one for one in waited if _gave_up(one, "webhook")]
    late = _taken(conn, given) if given else set()
    late |= set(answers(conn, [_place(one) for one in called]))
    return [one for one in moved if one.place.id not in late] if late else moved


def _gave_up(one: Moved, kind: str) -> bool:
    """Whether it leaves a step of this kind because its time is over."""
    step = one.campaign.steps.get(one.place.step or "") if one.campaign is not None else None
    if step is None or step.kind != kind:
        return False
    passages = one.move.passages
    return any(
        (passed.step, passed.occurrence, passed.outcome) == (step.id, one.place.occurrence, _GIVES_UP[kind])
        for passed in passages
    )


def _place(one: Moved) -> tuple[int, str, int]:
    return one.place.id, one.place.step or "", one.place.occurrence


def _taken(conn: Connection, moved: Sequence[Moved]) -> set[int]:
    """Enrollments whose task has ended, or is in somebody's hands; the tasks of the others are locked."""
    t = tasks.c
    wanted = {_place(one) for one in moved}
    query: sa.Select[Any] = sa.select(t.enrollment_id, t.step, t.occurrence)
    query = query.where(t.enrollment_id.in_([one.place.id for one in moved]))
    there = {tuple(row) for row in conn.execute(query)} & wanted
    open_ones = query.where(IS_OPEN).order_by(t.id).with_for_update(key_share=True, skip_locked=True)
    return {place[0] for place in there - {tuple(row) for row in conn.execute(open_ones)}}
