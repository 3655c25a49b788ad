"""Whether it runs as it should: measured every minute by the process that ticks, kept from when to when, told outside.

Looking reads a few rows of each kind; keeping writes a row for each thing that is wrong. While nothing is wrong an
address outside is asked for, so that a monitor there notices silence (`NURTURE_HEARTBEAT_URL`).
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from nurture.delivery import relays
from nurture.engine import health_queue
from nurture.engine import health_store as store
from nurture.engine.health_store import Times
from nurture.engine.invariants import Grade, Invariant, Seen, Sum, Violation, judge
from nurture.kernel.clock import SystemClock, pace
from nurture.kernel.context import Context
from nurture.kernel.tables import health_findings
from nurture.outbound.address import Allowed, allowed
from nurture.outbound.conversation import Line, get
from nurture.outbound.target import TargetError, read_target

_log = structlog.get_logger(__name__)
_monotonic = SystemClock().monotonic
FRESH = 5.0  # seconds for which what was measured is given again
_KEPT = timedelta(days=30)  # of what is over
_ANSWER = 100_000  # bytes of a heartbeat's answer, of which none is read but the first
_AT_ONCE = 2  # campaigns and broadcasts that are added up in each minute

Ask: TypeAlias = Callable[[str, Allowed], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or was. Real times."""

    key: str
    subject: str
    detail: Mapping[str, float]
    since: datetime
    seen_at: datetime
    ended_at: datetime | None = None


def times(ctx: Context, conn: Connection) -> Times:
    """What time it is."""
    return Times(ctx.clock.engine(), ctx.clock.real(), ctx.database.now(conn), pace(ctx.clock) or 1.0)


def measure(ctx: Context, conn: Connection, at: Times) -> Seen:
    """What can be measured in a few queries, by any process."""
    keys = [one.key for one in relays.of(ctx.settings)]
    basics = store.basics(conn, at.at, keys)
    return Seen(
        is_copy=basics.is_copy,
        holder=basics.holder,
        ticked=basics.ticked,
        ticks=basics.ticks,
        lags=store.lags(conn, at),
        steps=store.late_steps(conn, at),
        goes=basics.goes,
        routes=len(keys),
        shut=basics.shut,
        processes=store.living(conn, at.at),
        senders=basics.senders,
    )


@dataclass(slots=True)
class Watch:
    """Looks once a minute, in the process that ticks. Remembers how far samples have come."""

    ctx: Context
    ask: Ask | None = None  # what asks for the heartbeat's address
    _turn: int = 0
    _bad: tuple[tuple[str, int, str], ...] = ()  # did not add up; looked at again each time
    _lead: int = 0  # the last of the sample before

    def look(self) -> int:
        """Measure, keep what is wrong, tell outside when nothing is; 0, since there is never more to do at once."""
        violations = judge(self._measure())
        with self.ctx.database.write() as conn:
            new, over = keep(conn, violations, self.ctx.clock.real())
            store.clear(conn, self.ctx.database.now(conn))
        for one in new:
            _log.error("health_wrong", check=one.invariant.value, grade=one.grade.value, figures=dict(one.detail))
        for key in over:
            _log.info("health_well_again", check=key)
        if not any(one.grade is Grade.WRONG for one in violations):
            self._beat()
        return 0

    def _measure(self) -> Seen:
        ctx = self.ctx
        with ctx.database.snapshot() as conn:
            at = times(ctx, conn)
            seen = measure(ctx, conn, at)
            orphans, orphaned = _orphans(conn, at)
            sums = self._sums(conn)
            wrong, last = store.wrong_scores(conn, self._lead)
            self._lead = self._lead if wrong else last  # what is wrong is looked at again
            missing = store.months_missing(conn, at.now)
            half = store.half_written(conn, at)
        return replace(
            seen, half=half, orphans=orphans, orphaned=orphaned, sums=sums, scores=wrong, missing=missing,
        )  # fmt: skip

    def _sums(self, conn: Connection) -> list[Sum]:
        """Of the next two that run, and of those that did not add up."""
        running = store.running(conn)
        chosen = {running[(self._turn + n) % len(running)] for n in range(min(_AT_ONCE, len(running)))}
        self._turn += _AT_ONCE
        sums = {one: store.sum_of(conn, *one) for one in sorted(chosen | set(self._bad))}
        self._bad = tuple(one for one, found in sums.items() if found.rows != found.good)
        return list(sums.values())

    def _beat(self) -> None:
        url = self.ctx.settings.heartbeat_url
        if not url:
            return
        try:
            heard = (self.ask or ask)(url, allowed(self.ctx.settings.webhook_allow))
        except Exception as error:  # noqa: BLE001 - the monitor outside tells by our silence
            _log.warning("heartbeat_failed", error=type(error).__name__)
            return
        if not heard:
            _log.warning("heartbeat_failed", host=urlsplit(url).hostname or "")


def ask(url: str, allow: Allowed) -> bool:
    """Ask for the heartbeat's address: its host was named by the operator, so that it may be an inner one."""
    try:
        target = read_target(url)
    except TargetError:
        return False
    named = Allowed(allow.hosts | {(target.host, target.port)}, allow.networks)
    return get(Line(allow=named), target, _ANSWER) is not None


def _orphans(conn: Connection, at: Times) -> tuple[int, float]:
    """Of rows and of chunks."""
    rows, chunks = store.orphans(conn, at), health_queue.lost(conn, at.at)
    return rows[0] + chunks[0], max(rows[1], chunks[1])


_f = health_findings.c


def keep(conn: Connection, found: Collection[Violation], real: datetime) -> tuple[list[Violation], list[str]]:
    """Bring the rows to what was found; gives what is new, and the keys of what is over."""
    open_ = {
        (row.key, row.subject): row.id
        for row in conn.execute(sa.select(_f.id, _f.key, _f.subject).where(_f.ended_at.is_(None)))
    }
    new = []
    for one in found:
        number = open_.pop((one.invariant.value, one.subject), None)
        values = {"detail": dict(one.detail), "seen_at": real}
        if number is not None:
            conn.execute(health_findings.update().where(_f.id == number).values(values))
            continue
        new.append(one)
        begun = real - timedelta(seconds=min(one.detail.get("seconds", 0.0), 86_400 * 365)) if _is_span(one) else real
        row = {"key": one.invariant.value, "subject": one.subject, "since": begun}
        conn.execute(health_findings.insert().values(row | values))
    if open_:
        conn.execute(health_findings.update().where(_f.id.in_(list(open_.values()))).values(ended_at=real))
    conn.execute(health_findings.delete().where(_f.ended_at < real - _KEPT))
    return new, [key for key, _ in open_]


def _is_span(one: Violation) -> bool:
    """Whether its seconds say for how long it has been so."""
    return one.invariant is not Invariant.SKEW


def findings(conn: Connection, *, over: int = 0) -> list[Finding]:
    """What is wrong now, the oldest first, and the latest that was, at most `over`."""
    is_over = _f.ended_at.is_not(None)
    now = sa.select(health_findings).where(_f.ended_at.is_(None)).order_by(_f.since).limit(200).subquery()
    past = sa.select(health_findings).where(is_over).order_by(_f.ended_at.desc()).limit(over).subquery()
    rows = [
        Finding(r.key, r.subject, r.detail, r.since, r.seen_at, r.ended_at)
        for r in conn.execute(sa.union_all(sa.select(now), sa.select(past)) if over else sa.select(now))
    ]
    ended = [one for one in rows if one.ended_at is not None]
    open_ = [one for one in rows if one.ended_at is None]
    return sorted(open_, key=_began) + sorted(ended, key=_ended, reverse=True)


def _began(one: Finding) -> datetime:
    return one.since


def _ended(one: Finding) -> datetime:
    return one.ended_at or one.seen_at


@dataclass(frozen=True, slots=True)
class Figures:
    """What /metrics and the page show of the whole installation."""

    at: Times
    seen: Seen
    standing: Mapping[tuple[str, str], int]
    findings: Sequence[Finding]


@dataclass(slots=True)
class Latest:
    """The figures of the installation, measured again after some seconds; one at a time measures."""

    ctx: Context
    _found: Figures | None = None
    _until: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def figures(self) -> Figures:
        """As they stood at most `FRESH` seconds ago."""
        with self._turn:
            if self._found is None or _monotonic() >= self._until:
                self._found = figures(self.ctx)
                self._until = _monotonic() + FRESH
            return self._found


def figures(ctx: Context) -> Figures:
    """As they stand."""
    with ctx.database.read() as conn:
        at = times(ctx, conn)
        seen = measure(ctx, conn, at)
        return Figures(at, seen, {**store.standing(conn), **health_queue.waiting(conn)}, findings(conn))
