"""Judging kept hits anew, and what follows: points, opportunities and alerts taken back or given. Uses the database.

A few messages at a time, each part one short transaction. Tried out, the same is done and undone, so that its figures
are those of the real thing. What is counted long after it happened gives its points at the time it happened, and calls
nobody; segments and campaigns hear of it by the reaction that is left pending.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from nurture.alerts.model import AlertState
from nurture.alerts.tables import alerts
from nurture.engine.effects import Effects
from nurture.kernel.context import Context
from nurture.opportunities.model import OpportunityState
from nurture.opportunities.tables import opportunities
from nurture.scoring import store as scores
from nurture.scoring.tables import score_entries
from nurture.tracking import service, store
from nurture.tracking.model import Verdict
from nurture.tracking.reclassify import Again, judge_again
from nurture.tracking.verdict import VERSION

PART = 10  # messages of one transaction
OLD = timedelta(days=1)  # real time; what counts so late calls nobody


@dataclass(slots=True)
class Tally:
    """What became of the hits so far. `moved`: how many went from which verdict to which, or stayed."""

    hits: int = 0
    moved: Counter[tuple[Verdict | None, Verdict | None]] = field(default_factory=Counter)
    leads: set[int] = field(default_factory=set)
    withdrawn: int = 0  # activities
    added: int = 0
    points_withdrawn: int = 0
    points_added: int = 0
    opportunities: int = 0  # withdrawn
    alerts: int = 0
    failed: int = 0  # leads whose effects wait for the reaction

    @property
    def changed(self) -> int:
        """How many hits have another verdict now."""
        return sum(count for (before, after), count in self.moved.items() if before is not after)


class _Undone(Exception):  # noqa: N818 - no error: the end of a trial
    """Ends the transaction of a trial."""


def reclassify(
    ctx: Context,
    tally: Tally,
    *,
    since: datetime | None = None,
    dry_run: bool = False,
    told: Callable[[], None] = lambda: None,
) -> None:
    """Judge all hits of older versions anew, and keep tally; `told` is called at each part.

    Stopped in between, nothing is half done.
    """
    last = 0
    while True:
        with ctx.database.read() as conn:
            messages = store.outdated(conn, VERSION, since, after=last, limit=PART)
        if not messages:
            return
        last = messages[-1]
        try:
            with ctx.database.write() as conn:
                _part(conn, ctx, messages, since, tally)
                if dry_run:
                    raise _Undone
        except _Undone:
            pass
        else:
            ctx.wake.reactions.set()
        told()


def outdated_hits(ctx: Context, since: datetime | None = None) -> int:
    """How many hits an older classifier judged."""
    with ctx.database.read() as conn:
        return store.count_outdated(conn, VERSION, since)


def _part(conn: Connection, ctx: Context, messages: Collection[int], since: datetime | None, tally: Tally) -> None:
    now, real = ctx.clock.engine(), ctx.clock.real()
    ours = store.claim(conn, messages)
    again = judge_again(conn, ours, real, since)
    counted = service.write(conn, again.before, again.after, again.mails, now, real, old=real - OLD)
    stood = {one.activity_id for one in again.before.values() if one.activity_id is not None}
    dropped = stood - store.still_counted(conn, ours, stood) if stood else set()
    added = {one.activity_id for one in counted if one.activity_id is not None} - stood
    _note(tally, again)
    _follow(conn, ctx, dropped | added, tally, now, real)
    tally.withdrawn += len(dropped)
    tally.added += len(added)


def _note(tally: Tally, again: Again) -> None:
    tally.hits += len(again.after)
    for key, after in again.after.items():
        before = again.before[key]
        tally.moved[before.verdict, after.verdict] += 1
        mail = again.mails.get(after.hit.message_id)
        if before.verdict is not after.verdict and mail is not None and mail.lead_id is not None:
            tally.leads.add(mail.lead_id)


def _follow(conn: Connection, ctx: Context, ids: Collection[int], tally: Tally, now: datetime, real: datetime) -> None:
    """The effects on these activities, as the reaction will find them done."""
    happened = sorted(scores.activities_by_id(conn, ids).values(), key=lambda one: (one.lead_id, one.id))
    leads = sorted({one.lead_id for one in happened})
    if not leads:
        return
    before = _standing(conn, leads), _ended(conn, leads)
    try:
        with conn.begin_nested():
            for one in happened:  # what one did counts for the next of the same lead
                Effects.prepare(conn, ctx.settings, [one], now, real).of([one])
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - the reaction finds it again and notes it
        tally.failed += len(leads)
        return
    after = _standing(conn, leads), _ended(conn, leads)
    for lead_id in leads:
        moved = after[0][lead_id] - before[0][lead_id]
        tally.points_withdrawn += max(-moved, 0)
        tally.points_added += max(moved, 0)
    tally.opportunities += after[1][0] - before[1][0]
    tally.alerts += after[1][1] - before[1][1]


def _standing(conn: Connection, leads: Collection[int]) -> Counter[int]:
    total = sa.func.sum(score_entries.c.points)
    query = sa.select(score_entries.c.lead_id, total).where(score_entries.c.lead_id.in_(leads))
    return Counter({lead: int(points) for lead, points in conn.execute(query.group_by(score_entries.c.lead_id))})


def _ended(conn: Connection, leads: Collection[int]) -> tuple[int, int]:
    """How many opportunities and alerts of these leads are withdrawn."""
    return (
        _count(conn, opportunities, leads, OpportunityState.WITHDRAWN.value),
        _count(conn, alerts, leads, AlertState.WITHDRAWN.value),
    )


def _count(conn: Connection, table: sa.Table, leads: Collection[int], state: str) -> int:
    query: sa.Select[Any] = sa.select(sa.func.count()).select_from(table)
    return int(conn.execute(query.where(table.c.lead_id.in_(leads), table.c.state == state)).scalar_one())
