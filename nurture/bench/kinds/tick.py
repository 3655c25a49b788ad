"""A tick: enrollments that are due go through a branch, whose condition asks what each lead did and is.

The naive way moves each on in a transaction of its own.
"""

import os
import time
from datetime import datetime, timedelta

import sqlalchemy as sa

from nurture.bench.failures import certain
from nurture.bench.model import Figure, Size
from nurture.bench.place import Place, figured
from nurture.bench.processes import Watch
from nurture.bench.world import Plan, fill
from nurture.campaigns import service as campaigns_service
from nurture.campaigns.load import Folder, load
from nurture.campaigns.tables import campaigns
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.context import Context
from nurture.kernel.database import insert_rows
from nurture.kernel.i18n import N_
from nurture.leads.tables import leads
from nurture.segments import store as segments

TITLE = N_("Tick: 10,000 due enrollments through a branch")
DUE, TIMES, _NAIVE = 10_000, 3, 200
_CAMPAIGN = """
key: bench
name: Bench
entry: {by_hand: true}
exit_when: {all: [{temperature: hot}, {tag: bench-out}]}
steps:
  - {id: start, wait: 1 day}
  - id: look
    branch:
      when: {any: [{clicked: {within: 30 days}}, {tag: vip}]}
      then: [{id: short, wait: 1 day}]
      else: [{id: long, wait: 2 days}]
  - {id: last, wait: 2 days}
"""


def run(place: Place, size: Size) -> list[Figure]:
    """Seconds for all that are due, the median of some times; the naive way's of as many."""
    due, naive = size.of(DUE, 40), size.of(_NAIVE, 5)
    with place.context() as ctx:
        now = ctx.clock.engine()
        count = due * TIMES + naive
        fill(ctx.database, Plan(count, count * 4), now)
        _publish(ctx)
        ids = _leads(ctx)
        figured(ctx.database)
        tick(ctx)  # what a first tick does besides
        slow = _naive(ctx, ids[:naive])
        watch = Watch({"tick": os.getpid()})
        took = [_once(ctx, ids[naive + due * at : naive + due * (at + 1)]) for at in range(TIMES)]
        parts = watch.parts()
        cpu = sum(one.cpu for one in parts) / (due * TIMES)
        return [
            Figure(
                "tick", round(sorted(took)[TIMES // 2], 3), "s", f"{due:,} due enrollments, each through a branch", 0.5,
                round(slow * due, 3), parts=parts, notes={"CPU of an enrollment": f"{cpu * 1e6:.0f} us"},
            )
        ]  # fmt: skip


def _publish(ctx: Context) -> None:
    with ctx.database.write() as conn:
        found = load(Folder({"bench.yaml": _CAMPAIGN}, {}), segments.facts(conn, ctx.settings.zone))
        certain("errors of the campaign", found.errors, ())
        campaigns_service.apply(conn, found, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli")


def _leads(ctx: Context) -> list[int]:
    with ctx.database.read() as conn:
        return list(conn.execute(sa.select(leads.c.id).order_by(leads.c.id)).scalars())


def _put(ctx: Context, ids: list[int]) -> datetime:
    """Under way since a day ago, due since a minute."""
    now = ctx.clock.engine()
    since, due = now - timedelta(days=1), now - timedelta(minutes=1)
    names = ("campaign_id", "revision_id", "lead_id", "state", "cause", "step", "due_at", "planned_at", "arrived_at")
    with ctx.database.write() as conn:
        one = conn.execute(sa.select(campaigns.c.id, campaigns.c.revision_id).where(campaigns.c.key == "bench")).one()
        rows = [
            (one.id, one.revision_id, lead, "active", "cli", "start", due, due, since, since) for lead in ids
        ]  # fmt: skip
        insert_rows(conn, enrollments, (*names, "entered_at"), rows)
    return now


def _once(ctx: Context, ids: list[int]) -> float:
    """Seconds of the tick; that each has gone through the branch and waits behind it is looked at afterwards."""
    now = _put(ctx, ids)
    began = time.perf_counter()
    report = tick(ctx, refresh=False)
    took = time.perf_counter() - began
    certain("advanced", (report.advanced, report.failed), (len(ids), 0))
    _passed(ctx, ids, now)
    return took


def _naive(ctx: Context, ids: list[int]) -> float:
    """Seconds of one enrollment."""
    now = _put(ctx, ids)
    began = time.perf_counter()
    for _ in ids:
        tick(ctx, refresh=False, looks=False, limit=1)
    took = time.perf_counter() - began
    _passed(ctx, ids, now)
    return took / len(ids)


def _passed(ctx: Context, ids: list[int], now: datetime) -> None:
    e = enrollments.c
    mine = sa.and_(e.lead_id >= ids[0], e.lead_id <= ids[-1])
    waits = sa.select(sa.func.count()).where(mine, e.step.in_(("short", "long")), e.due_at > now)
    looked = sa.select(sa.func.count(sa.distinct(passages.c.enrollment_id))).where(
        passages.c.step == "look", passages.c.enrollment_id.in_(sa.select(e.id).where(mine))
    )
    with ctx.database.read() as conn:
        certain("waiting behind the branch", conn.execute(waits).scalar_one(), len(ids))
        certain("through the branch", conn.execute(looked).scalar_one(), len(ids))
