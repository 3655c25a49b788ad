"""What becomes of messages whose sender died (reads journals, reads and writes the database).

On the same machine and boot the sender's journal is believed: an answer that was read counts, a dot without an answer
is unknown, and everything before the dot is as if it had not begun. Where there is no such journal, what was under way
is unknown. Messages only reserved go back at once.
"""

import contextlib
import socket
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.engine import Connection, Row

from nurture.delivery import journal, store, turn_store
from nurture.delivery.journal import Entry, Mark
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import settle
from nurture.kernel.context import Context

_log = structlog.get_logger(__name__)
_QUIET = timedelta(seconds=90)
_FORGOTTEN = timedelta(hours=2)
ROUTE = "recovered"  # what attempts are filed under that a journal tells of


def recover(ctx: Context, *, but: Collection[str] = ()) -> int:
    """Settle what dead senders left behind; gives how many messages. Living ones and those of `but` are left alone."""
    with ctx.database.read() as conn:
        senders = store.living_senders(conn)
        at = ctx.database.now(conn)
    count, living = 0, set(but)
    for row in senders:
        if row.id not in living and _is_near(row):
            found = _recover_local(ctx, row, at)
            count += found or 0
            if found is None:
                living.add(row.id)
    count += _recover_overdue(ctx, living)
    _forget(ctx, [row.id for row in senders if row.seen_at < at - _FORGOTTEN])
    return count


def _is_near(row: Row[Any]) -> bool:
    """Whether its journal may lie here: it ran on this machine, or in another container of this kernel."""
    return bool(row.host == socket.gethostname() or row.boot == (journal.boot_id() or None))


def recover_sender(ctx: Context, sender: str) -> int:
    """Settle what one sender of this machine left behind, if it is dead."""
    with ctx.database.read() as conn:
        row = store.sender_named(conn, sender)
        at = ctx.database.now(conn)
    return 0 if row is None or row.ended_at is not None else _recover_local(ctx, row, at) or 0


def _recover_local(ctx: Context, row: Row[Any], at: datetime) -> int | None:
    """How many messages a sender of this machine left behind; None when it lives, as far as can be told."""
    path = Path(row.journal)
    boot = journal.boot_id()
    if row.boot != boot or not boot:
        # Seen a moment ago under another boot: another machine of the same name, or a very quick restart.
        return None if row.seen_at > at - _QUIET else _close(ctx, row, None)
    try:
        with journal.of_dead_sender(path) as dead:
            if not dead:
                return None
            count = _close(ctx, row, journal.read(path, boot))
            with contextlib.suppress(OSError):
                path.unlink()
            return count
    except FileNotFoundError:
        # Not a folder of ours, or already cleared: what is left of it is decided when its lease is over.
        return 0
    except OSError as error:
        _log.warning("journal_unreadable", journal=str(path), error=str(error))
        return 0


def _close(ctx: Context, row: Row[Any], entries: dict[tuple[int, int], Entry] | None) -> int:
    """Settle everything that a dead sender held, and end it, in one transaction."""
    with ctx.database.write() as conn:
        left = turn_store.under_way(conn, row.id)
        settled = settle(conn, ctx, row.id, ROUTE, [_told(one, entries) for one in left])
        store.give_back(conn, row.id)
        store.end_sender(conn, row.id, ctx.database.now(conn))
    count = settled.states.total()
    if count:
        _log.info("sender_recovered", sender=row.id, trusted=entries is not None, states=dict(settled.states))
    return count


def _told(row: Any, entries: dict[tuple[int, int], Entry] | None) -> Report:
    """What the journal tells of a message under way; without one, its dot may have gone."""
    if entries is None:
        return Report(row.id, row.fence, Phase.DOT)
    entry = entries.get((row.id, row.fence))
    if entry is None or entry.mark is Mark.ENVELOPE:
        return Report(row.id, row.fence, Phase.HELD)
    if entry.mark is Mark.DOT:
        return Report(row.id, row.fence, Phase.DOT)
    return Report(row.id, row.fence, Phase.ANSWERED, entry.code, entry.enhanced)


def _recover_overdue(ctx: Context, living: Collection[str]) -> int:
    """Messages whose sender's lease is over and whom nobody here can ask: unknown."""
    with ctx.database.read() as conn:
        overdue = store.overdue_holders(conn, ctx.database.now(conn))
    count = 0
    for sender in [one for one in overdue if one not in living]:
        with ctx.database.write() as conn:
            at = ctx.database.now(conn)
            left = [row for row in turn_store.under_way(conn, sender) if row.lease_until < at]
            count += _lost(conn, ctx, sender, left)
    return count


def _forget(ctx: Context, senders: Sequence[str]) -> None:
    """End the rows of senders not seen for long; what they held has been decided by its lease."""
    if not senders:
        return
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        for sender in senders:
            store.give_back(conn, sender)
            store.end_sender(conn, sender, at)


def _lost(conn: Connection, ctx: Context, sender: str, rows: Sequence[Any]) -> int:
    settled = settle(conn, ctx, sender, ROUTE, [_told(row, None) for row in rows])
    if rows:
        _log.warning("lease_over", sender=sender, messages=len(rows))
    return settled.states.total()
