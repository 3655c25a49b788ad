"""Where enrollments stand once they have moved; whose way ended takes its mails along (queries).

In the caller's transaction, a fixed number of statements for a chunk.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.campaigns.model import Campaign
from nurture.enrollments.model import EnrollmentState, Move, Place
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import update_rows
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState
from nurture.messages.service import WAITING, set_state
from nurture.messages.tables import messages
from nurture.outbound.service import cancel as cancel_calls
from nurture.tasks.service import cancel_of

_STANDING = (
    "state", "reason", "detail", "step", "occurrence", "due_at", "planned_at", "arrived_at", "held", "held_detail",
    "waits_for", "ended_at", "attempts", "error", "memory",
)  # fmt: skip
# The way ended as it was meant to: a text message written on it goes.
_OWN_ENDS = frozenset({Reason.DONE, Reason.EXIT_STEP})


@dataclass(frozen=True, slots=True)
class Moved:
    """One enrollment, its campaign, and what was decided about it. A definition that cannot be read is None."""

    place: Place
    key: str
    campaign: Campaign | None
    move: Move

    @property
    def definition(self) -> Campaign:
        """The definition of one that has done something."""
        if self.campaign is None:
            raise ValueError(f"enrollment {self.place.id} has no definition")
        return self.campaign


def settle(
    conn: Connection,
    moved: Sequence[Moved],
    *,
    now: datetime,
    real: datetime,
    waiting: Mapping[int, int] | None = None,
    actor: str = "engine",
) -> None:
    """Move the enrollments; whose way ended gets a line in the timeline, and mails that have not gone are taken back.

    `waiting` names the message that an enrollment waits for.
    """
    if not moved:
        return
    _enrollments(conn, moved, waiting or {}, now)
    ended = [one for one in moved if one.move.state is not EnrollmentState.ACTIVE]
    why = {one.place.id: one.move.reason for one in ended if one.move.reason is not None}
    _take_back(conn, why, now)
    cancel_of(conn, why, now=now)
    taken_out = {key: reason for key, reason in why.items() if reason not in _OWN_ENDS}
    if taken_out:
        cancel_calls(conn, taken_out, now=now)
    record_set(conn, [_left(one, now, actor) for one in ended], real=real)


def _enrollments(conn: Connection, moved: Sequence[Moved], waiting: Mapping[int, int], now: datetime) -> None:
    """Where each enrollment stands now."""
    rows = []
    for one in moved:
        move = one.move
        rows.append(
            (
                one.place.id,
                move.state.value,
                move.reason.value if move.reason else None,
                dict(move.detail) or None,
                move.step,
                move.occurrence,
                move.due_at,
                move.planned_at,
                move.arrived_at,
                move.held.value if move.held else None,
                dict(move.held_detail) or None,
                waiting.get(one.place.id),
                None if move.state is EnrollmentState.ACTIVE else now,
                move.attempts,
                move.error,
                dict(move.memory) or None,
            )
        )
    update_rows(conn, enrollments, _STANDING, rows)


def _take_back(conn: Connection, why: Mapping[int, Reason], now: datetime) -> None:
    """Cancel what these enrollments have written and what has not gone yet."""
    waiting = messages.c.state.in_([state.value for state in WAITING])
    query = sa.select(messages.c.id, messages.c.enrollment_id).where(messages.c.enrollment_id.in_(list(why)), waiting)
    by_reason: dict[Reason, list[int]] = defaultdict(list)
    for row in conn.execute(query) if why else ():
        by_reason[why[row.enrollment_id]].append(row.id)
    for reason, ids in by_reason.items():
        set_state(conn, ids, MessageState.CANCELED, now=now, reason=reason)


def _left(one: Moved, now: datetime, actor: str) -> Activity:
    reason = one.move.reason.value if one.move.reason else ""
    return Activity(
        one.place.lead_id,
        Kind.LEFT_CAMPAIGN,
        now,
        actor,
        f"enrollment:{one.place.id}",
        cause_key=f"left:{one.place.id}",
        campaign_key=one.key,
        detail={"state": one.move.state.value, "reason": reason, **one.move.detail},
    )
