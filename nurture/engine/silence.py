"""Silence that may be over: queued mails that waited for somebody to do something are looked at again (queries)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.policy.silence import PASSING


def look_again(conn: Connection, lead_ids: Sequence[int], *, now: datetime) -> int:
    """Let the go ask again about what these leads' silence holds; gives how many mails.

    Enrollments that wait at a step are stirred by `leave.examine`.
    """
    change = messages.update().where(
        messages.c.lead_id.in_(list(lead_ids)),
        messages.c.state.in_([MessageState.QUEUED.value]),
        messages.c.reason.in_([one.value for one in PASSING]),
        messages.c.not_before > now,
    )
    return conn.execute(change.values(not_before=now)).rowcount
