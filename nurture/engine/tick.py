"""One run over what is due (opens its own transactions): segments, entry, due steps, put-away campaigns.

1. Once an engine minute the memberships of all segments are brought up to date.
2. Live campaigns take in whose segment, day or schedule has come, with a reason for each who may not enter.
3. Due enrollments go in chunks. What a chunk needs is loaded in a fixed number of queries and every enrollment is
   advanced in plain values, before any lock is taken. Then one transaction claims those that are still where they
   were, performs the effects and moves them on. A kill between any two statements loses and doubles nothing.
4. An enrollment that fails is put off with the error, and blocks nobody.

A tick after a stop catches up at once: planned instants stay, and unique keys keep everything from happening twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.store import Stored
from nurture.engine import revisions, surroundings
from nurture.engine.answered import unanswered
from nurture.engine.leave import end_archived, is_archived_left
from nurture.engine.perform import perform, prepare
from nurture.engine.scene import Scene
from nurture.engine.settle import Moved
from nurture.engine.turnover import turnover
from nurture.enrollments import arriving, service, store
from nurture.enrollments.advance import Around, advance, failed
from nurture.enrollments.arriving import Found
from nurture.enrollments.model import Move, Place
from nurture.kernel import installation, witness
from nurture.kernel.clock import SystemClock, pace
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.garbage import unsearched
from nurture.kernel.leases import LeaseLostError
from nurture.messages.store import languages
from nurture.policy import store as policy_store
from nurture.policy.silence import NOTHING, PASSING
from nurture.rules.facts import Facts
from nurture.segments import store as segment_store
from nurture.segments.upkeep import keep

_log = structlog.get_logger(__name__)

CHUNK = 1000
SMALLEST = 50
MOST = 20_000  # enrollments in one tick, and leads that one campaign takes in
_TRANSACTION = 0.04  # seconds for which a chunk should hold the writer's turn
_LOCKS = 0.25  # and its rows, where there are many writers
_REFRESH_EVERY = timedelta(minutes=1)  # engine time
_MOST_OF_ERROR = 500
# When the segments of a database were last refreshed by this process, and how large a chunk fits its transactions.
_refreshed: "WeakKeyDictionary[Database, datetime]" = WeakKeyDictionary()
_beats: "WeakKeyDictionary[Database, datetime]" = WeakKeyDictionary()
_sizes: "WeakKeyDictionary[Database, int]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did."""

    joined: int = 0  # segment memberships begun and ended
    left: int = 0
    looked_at: int = 0  # leads that asked to enter and were decided about, enrolled or not
    advanced: int = 0  # enrollments moved on, failures included
    queued: int = 0  # mails written for delivery
    failed: int = 0
    stopped: int = 0  # enrollments of put-away campaigns that left


@dataclass(frozen=True, slots=True)
class _Done:
    """What one chunk did; `more` says that something is due still."""

    count: int = 0
    queued: int = 0
    failed: int = 0
    more: bool = False
    took: float = 0.0  # seconds within the transaction


def tick(
    ctx: Context, *, limit: int = MOST, refresh: bool | None = None, looks: bool = True, advances: bool = True
) -> TickReport:
    """Do what is due now. `refresh` brings segments up to date whatever the minute, or leaves them alone.

    Without `advances` due enrollments are left to others (`advance_these`), who get them in chunks.
    Without `looks` nobody is looked for whom a segment or an entry might find: whoever calls knows of none (`calm`).
    """
    now, real = ctx.clock.engine(), ctx.clock.real()
    _beat(ctx, now)
    with ctx.database.read() as conn:
        facts = segment_store.facts(conn, ctx.settings.zone)
    joined, left = _segments(ctx, facts, now, real, refresh) if looks else (0, 0)
    looked_at = _enter(ctx, facts, now, real) if looks else 0
    advanced, queued, bad = _advance(ctx, facts, now, real, limit) if advances else (0, 0, 0)
    stopped = _end_archived(ctx, now, real)
    if queued:
        ctx.wake.messages.set()
    if advanced:
        ctx.wake.calls.set()
    if joined or left or looked_at or advanced or stopped:
        ctx.wake.reactions.set()
    return TickReport(joined, left, looked_at, advanced, queued, bad, stopped)


def advance_these(ctx: Context, ids: Sequence[int]) -> int:
    """Advance those of these enrollments that are due, and what else is due of their leads; gives how many.

    Doubled or late it does no harm: what is no longer due, or somebody else is just moving, is passed over.
    """
    now, real = ctx.clock.engine(), ctx.clock.real()
    with ctx.database.read() as conn:
        facts = segment_store.facts(conn, ctx.settings.zone)
    advanced, queued, _ = _advance(ctx, facts, now, real, MOST, ids)
    if queued:
        ctx.wake.messages.set()
    if advanced:
        ctx.wake.calls.set()
        ctx.wake.reactions.set()
    return advanced


def look_over_segments(ctx: Context) -> None:
    """Bring every segment up to date, as the clock does; for a command where no clock runs."""
    with ctx.database.read() as conn:
        facts = segment_store.facts(conn, ctx.settings.zone)
    _segments(ctx, facts, ctx.clock.engine(), ctx.clock.real(), True)  # noqa: FBT003


def _beat(ctx: Context, now: datetime) -> None:
    """Note that the engine runs, once a minute. By a clock that can stand still nothing is ever late."""
    last = _beats.get(ctx.database)
    if not isinstance(ctx.clock, SystemClock) or (last is not None and timedelta(0) <= now - last < policy_store.EVERY):
        return
    with ctx.database.write() as conn:
        policy_store.beat(conn, now)
        row = installation.load(conn)
    _beats[ctx.database] = now
    if row is not None:
        _witness(ctx, witness.Witness(row.instance, now))


def _witness(ctx: Context, seen: witness.Witness) -> None:
    """After the commit, so that it never knows of more than the database does."""
    try:
        witness.note(ctx.settings.data_dir, seen)
    except OSError as error:
        _log.warning("witness_failed", error=error.strerror)


def _segments(ctx: Context, facts: Facts, now: datetime, real: datetime, refresh: bool | None) -> tuple[int, int]:  # noqa: FBT001
    last = _refreshed.get(ctx.database)
    is_due = last is None or now - last >= _REFRESH_EVERY or now < last or _has_new(ctx)
    if not (is_due if refresh is None else refresh):
        return 0, 0
    counts = keep(ctx.database, now, real, facts, whole=bool(refresh), pace=pace(ctx.clock))
    _refreshed[ctx.database] = now
    for one in counts:
        if one.problem:
            _log.error("segment_unreadable", segment=one.key, error=one.problem)
    turnover(ctx, facts, now, real)
    return sum(one.joined for one in counts), sum(one.left for one in counts)


def _has_new(ctx: Context) -> bool:
    """Whether there is a segment that was never looked at."""
    with ctx.database.read() as conn:
        return any(one.evaluated_at is None for one in segment_store.every(conn))


def _enter(ctx: Context, facts: Facts, now: datetime, real: datetime) -> int:
    with ctx.database.read() as conn:
        live = campaign_store.bare(conn, [CampaignState.LIVE])
        ready = revisions.load(conn, [one.revision_id for one in live if one.revision_id is not None], facts)
        known = [(one, ready[one.revision_id].campaign) for one in live if one.revision_id is not None]
        ground = arriving.survey(conn, [one.id for one, _ in known])
        due = [
            (one, found, first)
            for one, found in known
            if found is not None and (first := arriving.look(conn, one, found, facts, now, ground=ground)).matters
        ]
    noted = [(stored, first) for stored, _, first in due if first.only_marks]
    if noted:
        with ctx.database.write() as conn:
            service.note_looks(conn, noted)
    asking = [one for one in due if not one[2].only_marks]
    return sum(_enter_all(ctx, stored, campaign, first, facts, now, real) for stored, campaign, first in asking)


def _enter_all(
    ctx: Context, stored: Stored, campaign: Campaign, found: Found, facts: Facts, now: datetime, real: datetime
) -> int:
    """Chunk after chunk: look again once those found before are decided about; so many that others need not wait."""
    reading = service.Reading(facts, ctx.settings.language)
    total = 0
    while found.matters:
        with ctx.database.write() as conn:
            entered = service.take_in(conn, stored, campaign, found, reading, now=now, real=real)
        if entered is None:
            break
        total += len(found.asked)
        if not found.more or total >= MOST:
            break
        with ctx.database.read() as conn:
            found = arriving.look(conn, stored, campaign, facts, now, found.after)
    return total


def _advance(
    ctx: Context, facts: Facts, now: datetime, real: datetime, limit: int, ids: Sequence[int] | None = None
) -> tuple[int, int, int]:
    """Chunk after chunk; after a chunk that failed as a whole, one by one until its place is passed."""
    advanced = queued = bad = singly = 0
    while advanced < limit:
        size = 1 if singly else min(_sizes.get(ctx.database, CHUNK), limit - advanced)
        seen: list[Place] = []
        try:
            with unsearched():
                done = _chunk(ctx, facts, now, real, size, seen, ids)
        except (sa.exc.OperationalError, LeaseLostError):
            raise  # disk, lock, connection, another clock: nothing of it is the enrollment's fault
        except Exception as error:  # one bad row must not block the others
            _log.error("chunk_failed", size=size, error=f"{type(error).__name__}: {error}")
            if not seen:
                raise  # what is due cannot be read: nothing of it is an enrollment's fault either
            if size > 1:
                singly = size
                continue
            done = _put_off(ctx, seen, now, real, error)
        advanced, queued, bad = advanced + done.count, queued + done.queued, bad + done.failed
        if singly:
            singly -= 1
        else:
            _fit(ctx, size, done)
        if not done.more:
            break
    return advanced, queued, bad


def _fit(ctx: Context, size: int, done: _Done) -> None:
    """Make chunks as large as keeps the writer's turn short, where anybody waits for it."""
    if done.took > 0 and done.count >= size and not ctx.database.is_scratch:
        longest = _TRANSACTION if ctx.database.is_sqlite else _LOCKS
        _sizes[ctx.database] = max(SMALLEST, min(CHUNK, int(size * min(2.0, longest / done.took))))


def _chunk(
    ctx: Context,
    facts: Facts,
    now: datetime,
    real: datetime,
    size: int,
    seen: list[Place],
    ids: Sequence[int] | None = None,
) -> _Done:
    """Look and decide, then claim and perform in one transaction. What was looked at is put into `seen`.

    All that is due of one lead is in one chunk, so that its mails are written together and priority orders them.
    """
    with ctx.database.read() as conn:
        places = store.due(conn, now, size, ids)
        is_full = len(places) == size
        if (is_full or ids is not None) and size > 1:
            places += store.due_besides(conn, now, places)
        seen += places
        if not places:
            return _Done()
        ready = revisions.load(conn, [place.revision_id for place in places], facts)
        known = [(place, found) for place in places if (found := ready[place.revision_id].campaign) is not None]
        zone, language = ctx.settings.zone, ctx.settings.language
        around = surroundings.load(conn, known, facts, now, zone=zone, language=language, keys=ctx.keys)
        moved = []
        for place in places:
            one = ready[place.revision_id]
            if one.campaign is None:
                moved.append(Moved(place, one.key, None, failed(place, now, one.error[:_MOST_OF_ERROR])))
            else:
                move = _move(one.campaign, place, around.around(place, one.campaign), now)
                moved.append(Moved(place, one.key, one.campaign, move))
        emails = around.emails if around.emails is not None else languages(conn)
    with ctx.database.write() as conn:
        begun = ctx.clock.monotonic()
        prepare(conn, moved)
        claimed = store.claim(conn, places, now)
        moved = _silent_still(conn, [one for one in moved if one.place.id in claimed])
        moved = unanswered(conn, moved, around.answers)
        queued = perform(conn, moved, Scene(now, real, ctx.settings, around.rows, emails))
        took = ctx.clock.monotonic() - begun
    more = bool(moved) and (is_full or any(_is_due(one.move, now) for one in moved))
    return _Done(len(moved), queued, sum(one.move.error is not None for one in moved), more, took)


def _silent_still(conn: Connection, moved: list[Moved]) -> list[Moved]:
    """Without those held by a silence that ended while they were looked at: nobody rings for them any more."""
    held = [one for one in moved if one.move.held in PASSING]
    hushed = policy_store.quiet(conn, sorted({one.place.lead_id for one in held})) if held else {}
    over = {
        one.place.id
        for one in held
        if hushed.get(one.place.lead_id, NOTHING).held(one.definition.sending.class_) is None
    }
    return [one for one in moved if one.place.id not in over]


def _is_due(move: Move, now: datetime) -> bool:
    """Whether it stopped only so that the next step sees what was done."""
    return move.due_at is not None and move.due_at <= now and not move.waits


def _move(campaign: Campaign, place: Place, around: Around, now: datetime) -> Move:
    try:
        return advance(campaign, place, around)
    except Exception as error:  # noqa: BLE001 - one bad row must not block the others
        _log.error("step_failed", enrollment=place.id, step=place.step, error=f"{type(error).__name__}: {error}")
        return failed(place, now, f"{type(error).__name__}: {error}"[:_MOST_OF_ERROR])


def _put_off(ctx: Context, seen: list[Place], now: datetime, real: datetime, error: Exception) -> _Done:
    """The enrollment whose effects could not be performed: put off on its own, unless it has gone on meanwhile."""
    with ctx.database.write() as conn:
        places = list(store.claim(conn, seen, now).values())
        text = f"{type(error).__name__}: {error}"[:_MOST_OF_ERROR]
        keys = {one.id: one.key for one in campaign_store.every(conn)}
        moved = [Moved(place, keys[place.campaign_id], None, failed(place, now, text)) for place in places]
        perform(conn, moved, Scene(now, real, ctx.settings, {}, {}))
        return _Done(len(moved), 0, len(moved), more=bool(moved))


def _end_archived(ctx: Context, now: datetime, real: datetime) -> int:
    with ctx.database.read() as conn:
        if not is_archived_left(conn):
            return 0
    total = 0
    while True:
        with ctx.database.write() as conn:
            count = end_archived(conn, now=now, real=real)
        total += count
        if count == 0:
            return total
