"""Handing messages over: one loop of the parent reserves, lets go and settles; sender processes do the talking.

Every turn is one transaction: what the senders found out is settled, and they get as much more as they can work off in
a quarter of a second. Letters travel to a sender only after the commit that marked them `sending`.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from nurture.delivery import route, store
from nurture.delivery.conversation import Timeouts
from nurture.delivery.go import MOST, go
from nurture.delivery.letter import Letter
from nurture.delivery.model import Phase, Report
from nurture.delivery.process import SenderProcess
from nurture.delivery.recovery import recover, recover_sender
from nurture.delivery.settle import Settled, settle
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context

__all__ = ["Dispatcher", "recover"]

_log = structlog.get_logger(__name__)
_monotonic = SystemClock().monotonic
_PERIOD = 1.0  # seconds between looks while nothing rings
_GATHER = 0.004  # seconds in which reports gather for one transaction
_UPKEEP = 2.0  # seconds between looks at dead senders
_SEEN = 20.0  # seconds between notes that our senders live
_RESERVED_WINDOWS = 4  # a sender reserves so many times what it can take at once
_RESERVE_LEASE = timedelta(seconds=90)
_WINDOW_SECONDS = 0.25
_RETIRE_AFTER = 200_000  # letters; its journal has grown to about 15 MB by then
_STOP_SECONDS = 25.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_YOUNG = 1.0  # seconds

Guard = Callable[[Connection, Context], str]


class Dispatcher:
    """Runs the senders of this process. `guard` says why nothing may leave, or nothing."""

    def __init__(self, ctx: Context, *, guard: Guard = route.guard, timeouts: Timeouts | None = None) -> None:
        self._ctx = ctx
        self._guard = guard
        self._timeouts = timeouts or Timeouts()
        self._way = route.chosen(ctx.settings)
        self._bell = ctx.wake.messages
        self._stopping = threading.Event()
        self._senders: list[SenderProcess] = []
        self._pace: dict[str, Pace] = {}
        self._templates: dict[int, dict[str, object]] = {}
        self._next_upkeep = self._next_seen = self._next_spawn = 0.0
        self._spawn_pause = _FIRST_PAUSE
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin. The senders start in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End: senders finish what they wrote to the end and give back the rest; all of it is settled."""
        self._stopping.set()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join()

    # -- the loop --

    def _run(self) -> None:
        pause = _PERIOD
        while not self._stopping.is_set():
            self._bell.clear()
            try:
                busy = self._turn()
                pause = _PERIOD
            except Exception as error:  # noqa: BLE001 - the loop outlives a locked database, a full disk, a bug
                _log.error("delivery_failed", error=f"{type(error).__name__}: {error}", retry_in=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if not busy:
                self._bell.wait(_PERIOD)
            if any(one.in_hand for one in self._senders):
                self._stopping.wait(_GATHER)
        self._wind_up()

    def _turn(self) -> bool:
        """Upkeep, then settle and let go in one transaction. Whether there is more to do at once."""
        self._upkeep()
        self._bury()
        ready = [one for one in self._senders if one.is_ready and one.is_registered]
        hungry = [one for one in ready if self._pace[one.id].room(one)]
        heard = any(one.heard for one in self._senders)
        if not heard and not (hungry and self._anything_waits(hungry)):
            return False
        return self._exchange(hungry)

    def _anything_waits(self, hungry: Sequence[SenderProcess]) -> bool:
        ctx = self._ctx
        with ctx.database.read() as conn:
            real = ctx.clock.real()
            reason = self._guard(conn, ctx)
            shown = route.kept_in(conn, self._way.route)
            if not reason and not shown:
                if not route.is_open(conn, self._way.route, real):
                    return False
                if any(one.reserved for one in hungry):
                    return True
                return store.anything_waits(conn, ctx.clock.engine(), real, ctx.database.now(conn))
        self._keep_in(reason)
        return False

    def _keep_in(self, reason: str) -> None:
        with self._ctx.database.write() as conn:
            route.keep_in(conn, self._way.route, reason, self._ctx.clock.real())

    def _exchange(self, hungry: Sequence[SenderProcess]) -> bool:
        """One transaction; then the letters leave for the senders. Whether any did."""
        ctx = self._ctx
        taken = [(one, one.take_reports()) for one in self._senders]
        reserved = [tuple(one.reserved) for one in self._senders]
        given: list[tuple[SenderProcess, list[Letter]]] = []
        try:
            with ctx.database.write() as conn:
                settled = [self._settle(conn, one, reports) for one, reports in taken if reports]
                if self._may_go(conn):
                    given = [(one, self._go(conn, one)) for one in hungry]
        except BaseException:
            for (one, reports), ids in zip(taken, reserved, strict=True):
                one.put_back(reports, ids)
            raise
        for one, reports in taken:
            self._forget(one, reports)
        if any(one.reacts for one in settled):
            ctx.wake.reactions.set()
        for one, letters in given:
            self._give(one, letters)
        return any(letters for _, letters in given)

    def _settle(self, conn: Connection, sender: SenderProcess, reports: Sequence[Report]) -> Settled:
        settled = settle(conn, self._ctx, sender.id, sender.way.route, reports)
        route.note(conn, sender.way.route, settled, self._ctx.clock.real())
        return settled

    def _may_go(self, conn: Connection) -> bool:
        return not self._guard(conn, self._ctx) and route.is_open(conn, self._way.route, self._ctx.clock.real())

    def _go(self, conn: Connection, sender: SenderProcess) -> list[Letter]:
        ctx = self._ctx
        at = ctx.database.now(conn)
        room = self._pace[sender.id].room(sender)
        if len(sender.reserved) < room:
            times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
            found = store.reserve(conn, sender.id, _RESERVED_WINDOWS * room, lease=_RESERVE_LEASE, **times)
            sender.reserved.extend(found)
        ids = [sender.reserved.popleft() for _ in range(min(room, len(sender.reserved)))]
        letters = go(conn, ctx, sender.id, ids, at=at) if ids else []
        left = set(ids) - {one.message_id for one in letters}
        again = store.still_reserved(conn, sender.id, list(left))
        sender.reserved.extend(one for one in ids if one in again)
        for revision in {one.template for one in letters} - self._templates.keys():
            self._templates[revision] = store.compiled(conn, revision)
        return letters

    def _give(self, sender: SenderProcess, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        for revision in {one.template for one in letters} - sender.known_templates:
            sender.learn(revision, self._templates[revision])
        sender.in_hand.update(one.message_id for one in letters)
        sender.handed += len(letters)
        sender.give(letters)

    def _forget(self, sender: SenderProcess, reports: Sequence[Report]) -> None:
        sender.in_hand.difference_update(report.message_id for report in reports)
        if sender.id in self._pace:
            done = sum(report.phase is not Phase.HELD for report in reports)
            self._pace[sender.id].note(done, busy=bool(sender.in_hand))

    # -- the senders --

    def _upkeep(self) -> None:
        """Start senders that are missing, register those that have started, look after the dead of others."""
        now = _monotonic()
        new = [one for one in self._senders if one.has_started and not one.is_registered]
        if new:
            self._register(new)
        working = [one for one in self._senders if not one.is_gone and not one.is_leaving]
        while len(working) < self._ctx.settings.senders and now >= self._next_spawn:
            one = SenderProcess(self._ctx, self._way, self._timeouts, self._bell)
            self._senders.append(one)
            working.append(one)
        for one in self._senders:
            if one.handed >= _RETIRE_AFTER or one.is_leaving:
                self._let_leave(one)
        if now >= self._next_upkeep:
            self._next_upkeep = now + _UPKEEP
            recover(self._ctx, but={one.id for one in self._senders})
        if now >= self._next_seen and self._senders:
            self._next_seen = now + _SEEN
            with self._ctx.database.write() as conn:
                store.see_senders(conn, [one.id for one in self._senders], self._ctx.database.now(conn))

    def _let_leave(self, sender: SenderProcess) -> None:
        """Close the pipe of a sender that is to end; what was reserved for it is for the others."""
        if sender.is_closed:
            return
        sender.close()
        if sender.reserved:
            sender.reserved.clear()
            with self._ctx.database.write() as conn:
                store.give_back(conn, sender.id)
            self._bell.set()

    def _register(self, new: Sequence[SenderProcess]) -> None:
        with self._ctx.database.write() as conn:
            for one in new:
                store.add_sender(conn, one.row, self._ctx.database.now(conn))
        for one in new:
            one.is_registered = True
            self._pace[one.id] = Pace(self._ctx.settings.connections)

    def _bury(self) -> None:
        """Settle what dead senders of our own still said, then what their journals tell."""
        for one in [one for one in self._senders if one.is_gone]:
            if one.heard:
                self._exchange([])
            recover_sender(self._ctx, one.id)
            if not one.is_registered:
                one.journal.unlink(missing_ok=True)
                self._keep_in(route.NO_SENDER)
            self._senders.remove(one)
            self._pace.pop(one.id, None)
            self._pause_spawning(one)

    def _pause_spawning(self, dead: SenderProcess) -> None:
        """A sender that dies young is started again later and later."""
        now = _monotonic()
        lived = now - dead.born
        if dead.handed < _RETIRE_AFTER and not self._stopping.is_set():
            _log.warning("sender_ended", sender=dead.id, pid=dead.pid, lived=round(lived, 1))
        self._spawn_pause = min(self._spawn_pause * 2, _LONGEST_PAUSE) if lived < _YOUNG else _FIRST_PAUSE
        self._next_spawn = now + self._spawn_pause

    def _wind_up(self) -> None:
        """Let the senders end, settle all they report, and what their journals tell of the rest."""
        for one in self._senders:
            one.close()
        last = _monotonic() + _STOP_SECONDS
        for one in self._senders:
            if not one.wait(max(0.0, last - _monotonic())):
                one.kill()
                one.wait(5.0)
        try:
            self._exchange([])
            for one in self._senders:
                recover_sender(self._ctx, one.id)
                if not one.is_registered:
                    one.journal.unlink(missing_ok=True)
        except Exception as error:  # noqa: BLE001 - the next start finds journals and leases as they are
            _log.error("delivery_left_open", error=f"{type(error).__name__}: {error}")
        self._senders.clear()


class Pace:
    """How fast a sender is, and so how much it may hold: a quarter of a second's work, at most 64 messages."""

    def __init__(self, connections: int) -> None:
        self._least = max(2, 2 * connections)
        self._rate = 0.0  # messages a second, smoothed
        self._since = _monotonic()
        self._done = 0

    @property
    def window(self) -> int:
        """The most it may hold."""
        return max(self._least, min(MOST, int(self._rate * _WINDOW_SECONDS)))

    def room(self, sender: SenderProcess) -> int:
        """How many more it may get now; 0 while that would not be worth a transaction."""
        free = self.window - len(sender.in_hand)
        return free if free * 4 >= self.window else 0

    def note(self, done: int, *, busy: bool) -> None:
        """Learn from what it has just done."""
        now = _monotonic()
        self._done += done
        passed = now - self._since
        if passed < 0.05 and busy:
            return
        if self._done:
            self._rate = 0.5 * self._rate + 0.5 * (self._done / max(passed, 0.001))
        self._since, self._done = now, 0
