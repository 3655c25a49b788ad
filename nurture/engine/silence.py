"""Silence that may be over: queued mails that waited for somebody to do something are looked at again (queries)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.policy.silence import PASSING


def look_again(conn: Connection, lead_ids: Sequence[int], *, now: datetime) -> int:
    """Let the go ask again about what these leads' silence holds; gives how many mails.

    Enrollments that wait at a step are stirred by `leave.examine`. All queued mails of the leads are locked first: a go
    that has just read the silence that is over writes it down before this looks.
    """
    queued = sa.and_(messages.c.lead_id.in_(list(lead_ids)), messages.c.state == MessageState.QUEUED.value)
    if conn.dialect.name != "sqlite":  # which has one writer
        conn.execute(sa.select(messages.c.id).where(queued).order_by(messages.c.id).with_for_update(key_share=True))
    change = messages.update().where(
        queued,
        messages.c.reason.in_([one.value for one in PASSING]),
        messages.c.not_before > now,
    )
    return conn.execute(change.values(not_before=now)).rowcount
