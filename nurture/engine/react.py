"""Reacting to activities: score, temperature, lifecycle, opportunity, alert, segments, entries, and what else is told.

1. Claim pending reactions: of each lead only the oldest, half of them the newest so that a fresh click does not wait
   behind an import, rows that another worker holds passed over.
2. The effects of each, keyed by their cause, so that a second run finds them done. When one fails, each is done in a
   savepoint of its own.
3. Delete the reaction. One that failed is put off with its error and holds up nobody but its own lead.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from nurture.activities.model import LATE
from nurture.activities.tables import reactions
from nurture.engine.arrivals import arrive
from nurture.engine.effects import Effects, Outcome
from nurture.engine.returned import follow, minds
from nurture.kernel.context import Context
from nurture.kernel.counting import REACTIONS
from nurture.kernel.database import Instant, among
from nurture.leads.tables import leads
from nurture.opportunities.model import AlertLimits
from nurture.scoring import store as scores
from nurture.scoring.model import Happened
from nurture.segments import service as segments


class After(Protocol):
    """What follows once the effects on some leads are written."""

    def __call__(self, conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> object:
        """Act on these leads in the transaction of the effects."""
        ...


BATCH = 100
_LONGEST = 0.04  # seconds of one transaction, after which the rest of a batch waits for the next
_TOGETHER = 25  # scored at once, where others wait
_ALONE = 1000  # a batch where nobody else waits
_PUT_OFF = timedelta(seconds=5)
_PUT_OFF_MOST = timedelta(hours=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    id: int
    activity_id: int
    lead_id: int
    attempts: int
    occurred_at: datetime | None


@dataclass(slots=True)
class _Told:
    """Whether staff are written to."""

    any: bool = False

    def note(self, told: bool) -> None:  # noqa: FBT001 - an answer that is noted
        """One more answer."""
        self.any = self.any or told


@dataclass(slots=True)
class _Batch:
    """What one transaction did, and what failed in it."""

    done: list[_Claim] = field(default_factory=list)
    failed: dict[int, Exception] = field(default_factory=dict)  # by reaction
    outcomes: dict[int, Outcome] = field(default_factory=dict)  # by reaction


def react(ctx: Context, limit: int = 200, *, after: Sequence[After] = (), leads: Sequence[int] | None = None) -> int:
    """React to at most `limit` activities, of all or of these leads; gives how many were looked at, 0: none is pending.

    Each of `after` is called for the leads of a batch once the effects on them are written.
    """
    looked = 0
    size = _ALONE if ctx.database.is_scratch else BATCH
    while looked < limit and _is_any(ctx):
        began = ctx.clock.monotonic()
        count, mailed = _one_batch(ctx, min(size, limit - looked), after, leads)
        ctx.give_way(began)
        if mailed:
            ctx.wake.messages.set()
        if not count:
            break
        looked += count
    return looked


def pending_leads(conn: Connection, real: datetime, limit: int, *, but: Sequence[int], newest: bool) -> list[int]:
    """Leads, but these, of the newest or the oldest pending reactions: of so many reactions at most."""
    query = sa.select(_r.lead_id).where(sa.or_(_r.not_before.is_(None), _r.not_before <= real))
    query = query.where(~among(_r.lead_id, but)).order_by(_r.id.desc() if newest else _r.id).limit(limit)
    return list(dict.fromkeys(conn.execute(query).scalars()))


def _one_batch(
    ctx: Context, most: int, after: Sequence[After], lead_ids: Sequence[int] | None = None
) -> tuple[int, bool]:
    now, real = ctx.clock.engine(), ctx.clock.real()
    batch = _Batch()
    with ctx.database.write() as conn:
        claimed = _claim(conn, real, most) if lead_ids is None else _claim_of(conn, real, most, lead_ids)
        if not claimed:
            return 0, False
        happened = scores.activities_by_id(conn, [one.activity_id for one in claimed], _span(claimed))
        effects = Effects.prepare(conn, ctx.settings, list(happened.values()), now, real)
        _each(conn, ctx, batch, claimed, lambda part: effects.of([happened[one.activity_id] for one in part]))
        moved = _moved(batch, happened)
        _together(conn, batch, lambda ids: segments.touched(conn, ids, moved, now, effects.facts))
        _together(conn, batch, lambda ids: _arrive(conn, ids, batch, happened, effects))
        told = _Told()
        if minds(happened.values()):
            _together(conn, batch, lambda ids: told.note(_returned(conn, ctx, ids, batch, happened, effects)))
        for tell in after:
            _together(conn, batch, partial(tell, conn, now=now, real=real))
        _finish(conn, batch, real)
    return len(batch.done), told.any or any(outcome.alerted for outcome in batch.outcomes.values())


def _span(claimed: Sequence[_Claim]) -> tuple[datetime, datetime] | None:
    """Between which instants all of them happened, where that is known."""
    times = [one.occurred_at for one in claimed if one.occurred_at is not None]
    return (min(times), max(times)) if times and len(times) == len(claimed) else None


def _pending() -> sa.Select[Any]:
    earlier = reactions.alias("earlier")
    return (
        sa.select(_r.id, _r.activity_id, _r.lead_id, _r.attempts, _r.occurred_at)
        .join(leads, leads.c.id == _r.lead_id)
        .where(sa.or_(_r.not_before.is_(None), _r.not_before <= sa.bindparam("real", type_=Instant)))
        .where(~sa.exists().where(earlier.c.lead_id == _r.lead_id, earlier.c.id < _r.id))
    )


_r = reactions.c
_MOST = sa.bindparam("most", type_=sa.Integer)
# Built once: building costs more than running.
_ANY = sa.select(_r.id).where(sa.or_(_r.not_before.is_(None), _r.not_before <= sa.bindparam("real", type_=Instant)))
_ANY = _ANY.limit(1)
_CLAIM = _pending().limit(_MOST).with_for_update(key_share=True, of=[reactions, leads], skip_locked=True)
_NEWEST = _CLAIM.order_by(_r.id.desc())
_OLDEST = _CLAIM.where(_r.id.not_in(sa.bindparam("taken", expanding=True))).order_by(_r.id)
_DELETE = reactions.delete().where(_r.id.in_(sa.bindparam("ids", expanding=True)))


def _is_any(ctx: Context) -> bool:
    """Whether anything is pending, as far as a look without a lock can tell."""
    with ctx.database.read() as conn:
        return conn.execute(_ANY, {"real": ctx.clock.real()}).first() is not None


def _claim(conn: Connection, real: datetime, most: int) -> list[_Claim]:
    half = (most + 1) // 2
    newest = conn.execute(_NEWEST, {"real": real, "most": half}).all()
    taken = {row.id: _Claim(*row) for row in newest}
    if len(newest) == half:
        rest = conn.execute(_OLDEST, {"real": real, "most": most // 2, "taken": list(taken)})
        taken.update((row.id, _Claim(*row)) for row in rest)
    return [taken[key] for key in sorted(taken)]


def _claim_of(conn: Connection, real: datetime, most: int, lead_ids: Sequence[int]) -> list[_Claim]:
    query = _CLAIM.where(among(_r.lead_id, lead_ids)).order_by(_r.id)
    return [_Claim(*row) for row in conn.execute(query, {"real": real, "most": most})]


def _each(
    conn: Connection,
    ctx: Context,
    batch: _Batch,
    claimed: Sequence[_Claim],
    act: Callable[[Sequence[_Claim]], Mapping[int, Outcome]],
) -> None:
    """The effects of all in one savepoint, or each in its own when one fails; until the transaction gets long.

    `act` gives the outcomes by activity.
    """
    try:
        with conn.begin_nested():
            for part in _in_time(ctx, claimed, len(claimed) if ctx.database.is_scratch else _TOGETHER):
                _note(batch, part, act(part))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - found again, and noted, one by one
        batch.outcomes.clear()
        batch.done.clear()
        for part in _in_time(ctx, claimed, 1):
            with _apart(conn, batch, part[0]):
                _note(batch, part, act(part))
            if part[0].id in batch.failed:
                batch.done.append(part[0])


def _note(batch: _Batch, part: Sequence[_Claim], outcomes: Mapping[int, Outcome]) -> None:
    batch.outcomes.update((one.id, outcomes[one.activity_id]) for one in part)
    batch.done.extend(part)


def _in_time(ctx: Context, claimed: Sequence[_Claim], size: int) -> Iterator[Sequence[_Claim]]:
    """So many at a time until others have waited long enough, or for an answer; the first at any rate."""
    until = math.inf if ctx.database.is_scratch else ctx.clock.monotonic() + _LONGEST
    for start in range(0, len(claimed), size):
        yield claimed[start : start + size]
        if ctx.clock.monotonic() > until or ctx.database.is_awaited:
            return


@contextmanager
def _apart(conn: Connection, batch: _Batch, one: _Claim) -> Iterator[None]:
    """A savepoint: what fails inside is undone and noted. A failure of the database itself ends the batch."""
    try:
        with conn.begin_nested():
            yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - one bad activity must not hold up the others
        batch.failed[one.id] = error


def _together(conn: Connection, batch: _Batch, act: Callable[[list[int]], object]) -> None:
    """Act on the leads of all that went well at once; one by one only when that fails, to find whose fault it is."""
    good = [one for one in batch.done if one.id not in batch.failed]
    if not good:
        return
    try:
        with conn.begin_nested():
            act(list(dict.fromkeys(one.lead_id for one in good)))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - found again, and noted, one by one
        for one in good:
            with _apart(conn, batch, one):
                act([one.lead_id])


def _arrive(
    conn: Connection, lead_ids: Collection[int], batch: _Batch, happened: Mapping[int, Happened], effects: Effects
) -> None:
    """Into campaigns by what happened to these leads."""
    good = [happened[one.activity_id] for one in batch.done if one.id not in batch.failed and one.lead_id in lead_ids]
    good = [one for one in good if not one.detail.get(LATE)]
    arrive(conn, good, effects.facts, now=effects.now, real=effects.real, language=effects.house.language)


def _returned(
    conn: Connection,
    ctx: Context,
    lead_ids: Collection[int],
    batch: _Batch,
    happened: Mapping[int, Happened],
    effects: Effects,
) -> bool:
    """What came back about these leads; whether staff are written to."""
    good = [happened[one.activity_id] for one in batch.done if one.id not in batch.failed and one.lead_id in lead_ids]
    limits = effects.pipeline.alerts if effects.pipeline is not None else AlertLimits()
    return follow(conn, ctx, good, effects.facts, effects.house, limits, now=effects.now, real=effects.real)


def _moved(batch: _Batch, happened: dict[int, Happened]) -> set[str]:
    """Kinds of facts that moved: segments that read none of them need not be looked at."""
    good = [one for one in batch.done if one.id not in batch.failed]
    return {happened[one.activity_id].kind.value for one in good} | {
        key for one in good for key in batch.outcomes[one.id].moved
    }


def _finish(conn: Connection, batch: _Batch, real: datetime) -> None:
    good = [one.id for one in batch.done if one.id not in batch.failed]
    REACTIONS.add("done", count=len(good))
    REACTIONS.add("failed", count=len(batch.failed))
    if good:
        conn.execute(_DELETE, {"ids": good})
    for one in batch.done:
        error = batch.failed.get(one.id)
        if error is None:
            continue
        text = f"{type(error).__name__}: {error}"[:1000]
        wait = min(_PUT_OFF * 2 ** min(one.attempts, 12), _PUT_OFF_MOST)
        values = {"attempts": one.attempts + 1, "not_before": real + wait, "error": text}
        conn.execute(reactions.update().where(reactions.c.id == one.id).values(values))
        _log.error("reaction_failed", activity=one.activity_id, attempts=one.attempts + 1, error=text)
