"""What waited when a copy was made may have gone since, from where it was copied: it is held for a person (queries).

Nobody can tell from the copy. So mail that waits, and enrollments that are due, come to those that wait for a decision
(`engine/held.py`); text messages count as unknown. Webhooks go again under the same id, by which receivers know them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.outbound.model import CallKind, CallState
from nurture.outbound.tables import outbox
from nurture.policy import store as policy_store

_WAITING = messages.c.state.in_((MessageState.QUEUED.value, MessageState.DEFERRED.value))


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits that may have gone from elsewhere."""

    mails: int
    enrollments: int  # due
    texts: int

    def __bool__(self) -> bool:
        return bool(self.mails or self.enrollments or self.texts)


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        enrollments.c.state == EnrollmentState.ACTIVE.value,
        enrollments.c.waits_for.is_(None),
        enrollments.c.due_at <= now,
    )


_TEXTS = sa.and_(
    outbox.c.kind == CallKind.SMS.value, outbox.c.state.in_((CallState.QUEUED.value, CallState.SENDING.value))
)


def waiting(conn: Connection, now: datetime) -> Waiting:
    """What `hold` would hold."""

    def count(table: sa.Table, which: sa.ColumnElement[bool]) -> int:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())

    not_held = messages.c.reason != Reason.HELD_LATE.value
    return Waiting(
        count(messages, sa.and_(_WAITING, not_held, messages.c.lead_id.is_not(None))),
        count(enrollments, _due(now)),
        count(outbox, _TEXTS),
    )


def _hours(conn: Connection, now: datetime) -> int:
    """Whole hours since the engine last ran on this database."""
    seen = policy_store.last_beat(conn)
    return 0 if seen is None else max(0, int((now - seen) / timedelta(hours=1)))


def hold(conn: Connection, now: datetime) -> Waiting:
    """Hold it all until a person decides (`nurture held`, `nurture outbound`). Gives how much there was."""
    found = waiting(conn, now)
    late = {"hours": _hours(conn, now)}
    conn.execute(
        messages.update()
        .where(_WAITING, messages.c.lead_id.is_not(None))
        .values(reason=Reason.HELD_LATE.value, detail=late, lease_until=None, lease_holder=None)
    )
    conn.execute(
        enrollments.update().where(_due(now)).values(held=Reason.HELD_LATE.value, held_detail=late, due_at=None)
    )
    conn.execute(
        outbox.update()
        .where(_TEXTS)
        .values(state=CallState.UNKNOWN.value, reason="", ended_at=now, retry_at=None, lease_until=None)
    )
    return found
