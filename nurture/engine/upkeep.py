"""Due by the day and by working hours: decay, rating by new rules, digests, splits, old sessions. Called by each tick.

Parts of a sweep are transactions of their own; what is not done in one call is done in the next.
"""

from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from nurture.alerts import service as alerts
from nurture.alerts.store import digest_due
from nurture.engine import comparing, keeping, route_mail
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.scoring.published import live
from nurture.scoring.sweep import decay_sweep, rate_sweep, sweep_due
from nurture.segments.service import doubt
from nurture.segments.store import facts as facts_of
from nurture.tasks import service as tasks
from nurture.users import sessions

PARTS = 5  # of each sweep, for each call
_TASKS_EVERY = timedelta(minutes=1)  # engine time
# When the tasks of a database were last looked through by this process.
_looked: "WeakKeyDictionary[Database, datetime]" = WeakKeyDictionary()


def upkeep(ctx: Context) -> int:
    """Do what is due; gives how much: leads swept, digests written, splits decided, tasks moved, sessions deleted."""
    now, real, zone = ctx.clock.engine(), ctx.clock.real(), ctx.settings.local_zone
    with ctx.database.read() as conn:
        facts = facts_of(conn, ctx.settings.zone)
        rules = live(conn, facts)
        due = rules is not None and sweep_due(conn, rules, now, zone)
        owed = digest_due(conn, now)
        over = sessions.is_any_over(conn, real)
    done = 0
    for _ in range(PARTS):
        if rules is None or not due:
            break
        with ctx.database.write() as conn:
            swept = decay_sweep(conn, rules, now=now, real=real, zone=zone)
            swept = swept or rate_sweep(conn, rules, now=now, real=real)
            if swept:
                doubt(conn, ("engagement", "fit", "score"), facts)
        if not swept:
            break
        done += swept
    written: list[int] = []
    if owed:
        with ctx.database.write() as conn:
            written = alerts.digest(conn, alerts.house_of(ctx.settings), now=now, real=real)
    if written:
        ctx.wake.messages.set()
    if done:
        ctx.wake.reactions.set()
    compared = comparing.look(ctx, facts)
    told = _routes(ctx, now, real) + keeping.keep(ctx, now, real)
    return done + len(written) + compared + told + _tasks(ctx, now) + (_purge(ctx, real) if over else 0)


def _tasks(ctx: Context, now: datetime) -> int:
    """Open tasks about merged leads go along, once an engine minute."""
    last = _looked.get(ctx.database)
    if last is not None and timedelta(0) <= now - last < _TASKS_EVERY:
        return 0
    _looked[ctx.database] = now
    with ctx.database.read() as conn:
        if not tasks.is_any_stray(conn):
            return 0
    with ctx.database.write() as conn:
        return tasks.follow_merges(conn)


def _routes(ctx: Context, now: datetime, real: datetime) -> int:
    """Tell people of mail servers that stopped."""
    with ctx.database.read() as conn:
        if not route_mail.is_news(conn, real):
            return 0
    with ctx.database.write() as conn:
        told = route_mail.tell(conn, ctx.settings, now=now, real=real)
    if told:
        ctx.wake.messages.set()
    return told


def _purge(ctx: Context, real: datetime) -> int:
    with ctx.database.write() as conn:
        return sessions.purge(conn, real)
