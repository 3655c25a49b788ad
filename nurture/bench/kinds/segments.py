"""A segment with three conditions on what leads did: from nothing, and after a hundred new activities.

From nothing means: until everybody who belongs is in it. The naive way asks for one lead at a time, of a sample, and is
reckoned up to all.
"""

import os
import time
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.activities.tables import activities
from nurture.bench.failures import certain
from nurture.bench.house import furnish
from nurture.bench.model import Figure, Size
from nurture.bench.place import Place, figured
from nurture.bench.processes import Watch
from nurture.bench.world import EMAILS, Plan
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.leads.tables import leads
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.parse import parse
from nurture.segments import service, store
from nurture.segments.model import Definition
from nurture.segments.upkeep import keep
from nurture.segments.view import view

TITLE = N_("Segments: three conditions on 20,000,000 activities of 1,000,000 leads, from nothing and kept")
LEADS, ACTIVITIES = 1_000_000, 20_000_000
FULL_AIM, KEEP_AIM = 0.5, 50.0  # seconds; milliseconds
SAMPLE = 200  # leads of the naive way
NEW = 100
_KEY = "measured"
_WHEN = {
    "all": [
        {"opened": {"at_least": 3, "within": "30 days"}},
        {"clicked": {"email": EMAILS[0], "within": "60 days"}},
        {"none": [{"replied": {"within": "90 days"}}]},
    ]
}


def run(place: Place, size: Size) -> list[Figure]:
    """Seconds from nothing, milliseconds after new activities."""
    number, past = size.of(LEADS, 200), size.of(ACTIVITIES, 4_000)
    began = time.perf_counter()
    with place.context() as ctx:
        now = furnish(ctx, Plan(number, past)).now
        figured(ctx.database)
        making = time.perf_counter() - began
        return measured(ctx, now, number, past, making)


def measured(ctx: Context, now: datetime, number: int, past: int, making: float = 0.0) -> list[Figure]:
    """The same in a house that is there."""
    with ctx.database.read() as conn:
        certain("activities", conn.execute(sa.select(sa.func.count()).select_from(activities)).scalar_one(), past)
        facts = store.facts(conn, ctx.settings.zone)
    rule = parse(_WHEN, facts)
    _only(ctx, Definition(_KEY, {"en": "Measured"}, _WHEN, rule), now)
    naive = _naive(ctx, rule, number, now, facts)
    of = f"{number:,} leads, {past:,} activities"
    return [_full(ctx, now, facts, naive, of, making), _kept(ctx, now, facts, naive / number * NEW, of)]


def _only(ctx: Context, one: Definition, now: datetime) -> None:
    """This segment, and no other."""
    with ctx.database.write() as conn:
        for other in store.every(conn):
            service.archive(conn, other.key, now=now)
        service.apply(conn, [one], now=now, real=ctx.clock.real(), actor="cli")


def _full(ctx: Context, now: datetime, facts: Facts, naive: float, of: str, making: float) -> Figure:
    """The best of three, each from an empty segment."""
    watch, took, found = Watch({"segments": os.getpid()}), [], 0
    for _ in range(3):
        _empty(ctx)
        began = time.perf_counter()
        counts = keep(ctx.database, now, ctx.clock.real(), facts)
        took.append(time.perf_counter() - began)
        found = sum(one.joined for one in counts)
    with ctx.database.read() as conn:
        certain("members", store.size(conn, _KEY), found)
        certain("leads that should move", service.differences(conn, now, facts, [_KEY]), {})
    notes = {"members": found, "first": f"{took[0]:.2f} s", "making": f"{making:.0f} s"}
    return Figure(
        "segments.full", round(min(took), 3), "s", of, FULL_AIM, round(naive, 1), parts=watch.parts(), notes=notes
    )


def _empty(ctx: Context) -> None:
    with ctx.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM memberships")
        conn.exec_driver_sql("UPDATE segments SET swept_as = NULL, evaluated_at = NULL")


def _kept(ctx: Context, now: datetime, facts: Facts, naive: float, of: str) -> Figure:
    """New opens, clicks and replies of a hundred leads; then the segment follows, and so does the clock's sweep."""
    took: list[float] = []
    moved = 0
    for turn in range(5):
        chosen = _chosen(ctx, turn)
        kinds = (Kind.OPENED, Kind.CLICKED, Kind.REPLIED)
        new = [
            Activity(one, kinds[place % 3], now, "lead", f"hit:{turn}-{place}", email_key=EMAILS[0])
            for place, one in enumerate(chosen)
        ]
        with ctx.database.write() as conn:
            record_set(conn, new, real=ctx.clock.real(), react=False)
        began = time.perf_counter()
        with ctx.database.write() as conn:
            touched = service.touched(conn, chosen, {kind.value for kind in kinds}, now, facts)
        keep(ctx.database, now, ctx.clock.real(), facts)
        took.append((time.perf_counter() - began) * 1000)
        moved += sum(one.joined + one.left for one in touched)
    with ctx.database.read() as conn:
        certain("leads that should move", service.differences(conn, now, facts, [_KEY]), {})
    return Figure(
        "segments.kept", round(sorted(took)[len(took) // 2], 1), "ms", f"{NEW} new activities over {of}", KEEP_AIM,
        round(naive * 1000, 1), notes={"moved": moved, "slowest": f"{max(took):.0f} ms"},
    )  # fmt: skip


def _chosen(ctx: Context, turn: int) -> list[int]:
    """Leads that do much, others at each turn."""
    with ctx.database.read() as conn:
        some = sa.select(leads.c.id).where(leads.c.id % 20 == 0).order_by(leads.c.id).limit(NEW).offset(turn * NEW)
        found = list(conn.execute(some).scalars())
        return found or list(conn.execute(sa.select(leads.c.id).limit(NEW)).scalars())


def _naive(ctx: Context, rule: Rule, number: int, now: datetime, facts: Facts) -> float:
    """Seconds for all leads when each is asked for by itself, as seen on a sample spread over them."""
    sample: Sequence[int] = [1 + place * (number // min(SAMPLE, number)) for place in range(min(SAMPLE, number))]
    with ctx.database.read() as conn:
        began = time.perf_counter()
        for one in sample:
            for seen in view(conn, [one], facts, [rule]).values():
                evaluate(rule, seen, now, facts)
        return (time.perf_counter() - began) / len(sample) * number
