"""How long what grows is kept, and parts of tables made ahead (reads and writes the database). Called by upkeep.

Little at a time: what is not done in one call is done in the next. Nothing here decides what a lead or a report sees:
activities, messages, decisions, scores, consents and the audit stay.
"""

from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities
from nurture.kernel import partitions
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.messages.model import MessageState
from nurture.messages.tables import attempts, messages
from nurture.tracking import keeping
from nurture.tracking.tables import hits

MONTHS_AHEAD = 2
_EVERY = timedelta(hours=1)  # real time, once nothing is left to do
_CHUNKS = 5  # of each kind, for each call
_OPEN = {MessageState.QUEUED, MessageState.DEFERRED, MessageState.SENDING, MessageState.UNKNOWN}
_ENDED = sorted(state.value for state in set(MessageState) - _OPEN)
_log = structlog.get_logger(__name__)
# For which month of engine time and when months were found made, and when what is old was last looked through.
_made: "WeakKeyDictionary[Database, tuple[datetime, datetime]]" = WeakKeyDictionary()
_swept: "WeakKeyDictionary[Database, datetime]" = WeakKeyDictionary()


def keep(ctx: Context, now: datetime, real: datetime) -> int:
    """Make months, let go of what is old; gives how much went."""
    _months(ctx, now, real)
    last = _swept.get(ctx.database)
    if ctx.database.is_scratch or (last is not None and timedelta(0) <= real - last < _EVERY):
        return 0
    gone = _let_go(ctx, real)
    if not gone:
        _swept[ctx.database] = real
    return gone


def _months(ctx: Context, now: datetime, real: datetime) -> None:
    """Parts for this month and those ahead; of the rest, a month that rows of it belong to."""
    here, before = (partitions.month_of(now), real), _made.get(ctx.database)
    if ctx.database.is_sqlite:
        return
    if before is not None and before[0] == here[0] and timedelta(0) <= real - before[1] < _EVERY:
        return
    is_done = True
    for table, at in ((hits, real), (activities, now)):
        with ctx.database.read() as conn:
            wanted = partitions.missing(conn, table, at, MONTHS_AHEAD)
        for month in wanted:
            is_done = False
            with ctx.database.write() as conn:
                made = partitions.make_month(conn, table, month)
            if made:
                _log.info("month_made", table=table.name, month=f"{month:%Y-%m}")
    if is_done:
        _made[ctx.database] = here


def _let_go(ctx: Context, real: datetime) -> int:
    gone = 0
    for days, let_go in ((ctx.settings.keep_hits, keeping.let_go), (ctx.settings.keep_attempts, let_attempts_go)):
        for _ in range(_CHUNKS if days else 0):
            with ctx.database.write() as conn:
                count = let_go(conn, real - timedelta(days=days))
            gone += count
            if not count:
                break
    return gone


def let_attempts_go(conn: Connection, before: datetime) -> int:
    """Let the oldest conversations with relays from before an instant go, of messages that ended; gives how many."""
    first = sa.select(attempts.c.id).order_by(attempts.c.id).limit(keeping.CHUNK).subquery()
    ended = sa.select(messages.c.id).where(messages.c.state.in_(_ENDED))
    last = sa.select(sa.func.max(attempts.c.id)).scalar_subquery()
    old = attempts.delete().where(
        attempts.c.id.in_(sa.select(first.c.id)), attempts.c.id < last, attempts.c.at < before,
        attempts.c.message_id.in_(ended),
    )  # fmt: skip
    return int(conn.execute(old).rowcount)
