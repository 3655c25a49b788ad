"""Handing messages over: one loop of the parent reserves, lets go and settles; sender processes do the talking.

Every turn is one transaction: what the senders found out is settled, and they get as much more as they can work off in
a quarter of a second. Letters travel to a sender only after the commit that marked them `sending`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import structlog
from sqlalchemy.engine import Connection

from nurture.delivery import relay_store, relays, route, store, turn_store
from nurture.delivery.conversation import Timeouts
from nurture.delivery.desk import Desk, Given, Seat
from nurture.delivery.front import Front
from nurture.delivery.go import go_next
from nurture.delivery.letter import Letter
from nurture.delivery.limits import KEEP, slot_of
from nurture.delivery.model import Phase, Report
from nurture.delivery.pace import Flow, Pace, asked_for_haste
from nurture.delivery.process import SenderProcess
from nurture.delivery.recovery import recover, recover_sender
from nurture.delivery.settle import Settled, Told, settle, settle_all
from nurture.delivery.state import OPEN, is_open
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.counting import SENDS
from nurture.kernel.garbage import unsearched
from nurture.messages.model import MessageState

__all__ = ["Dispatcher", "recover"]

_log = structlog.get_logger(__name__)
_monotonic = SystemClock().monotonic
_PERIOD = 1.0  # seconds between looks while nothing rings
_GATHER = 0.004  # seconds between looks while senders are busy
_PATIENCE = 0.03  # seconds that reports wait for a turn in which more goes out
_UPKEEP = 2.0  # seconds between looks at dead senders
_SEEN = 20.0  # seconds between notes that our senders live
_MOST_AT_ONCE = 256  # messages in one turn, of all senders
_STUCK = 5.0  # seconds without a word from a relay whose senders are busy
_RETIRE_AFTER = 200_000  # letters; its journal has grown to about 15 MB by then
_STOP_SECONDS = 25.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_YOUNG = 1.0  # seconds
_CLEARING = 6 * 3600.0  # seconds between removals of old counts
# Phases in which the relay heard nothing of the message, and those in which it certainly did not take it.
_UNHEARD = frozenset({Phase.HELD, Phase.RENDER, Phase.CONNECT, Phase.GREETING, Phase.AUTH})
_BROKEN = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY})

Guard = Callable[[Connection, Context], str]
_Taken: TypeAlias = tuple[SenderProcess, Sequence[Report]]


class Dispatcher:
    """Runs the senders of this process. `guard` says why nothing may leave, or nothing."""

    def __init__(self, ctx: Context, *, guard: Guard = route.guard, timeouts: Timeouts | None = None) -> None:
        self._ctx = ctx
        self._guard = guard
        self._timeouts = timeouts or Timeouts()
        self._routes = relays.of(ctx.settings)
        self._bell = ctx.wake.messages
        self._stopping = threading.Event()
        self._senders: list[SenderProcess] = []
        self._pace: dict[str, Pace] = {}
        self._front = Front()
        self._shares: dict[str, float] = {}
        self._flow = Flow()
        self._rest_until = 0.0
        self._has_begun = self._in_doubt = False
        self._templates: dict[int, dict[str, object]] = {}
        self._next_upkeep = self._next_seen = self._next_spawn = self._next_clearing = self._settled_at = 0.0
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
                self._bell.wait(self._pause)
            if any(one.in_hand for one in self._senders):
                self._stopping.wait(_GATHER)
        self._wind_up()

    def _turn(self) -> bool:
        """Upkeep, then settle and let go in one transaction. Whether there is more to do at once."""
        if not self._has_begun:
            with self._ctx.database.write() as conn:
                relay_store.ask_again(conn, relay_store.BOOKED)
            self._has_begun = True
        self._upkeep()
        self._bury()
        if self._in_doubt:
            self._exchange([])  # first what was reported, so that what is in hand is known
            self._take_stock()
        ready = [one for one in self._senders if one.is_ready and one.is_registered]
        hungry = [one for one in ready if self._pace[one.id].room(len(one.in_hand) - one.heard)]
        if hungry and not self._rests and self._front.is_due:
            self._look(hungry)
        goes = bool(hungry) and not self._rests and self._front.after is not None
        if not goes and not (any(one.heard for one in self._senders) and self._is_impatient):
            return False
        return self._exchange(hungry)

    @property
    def _pause(self) -> float:
        """Seconds to the next look when there was nothing to do, as long as nothing rings."""
        if any(one.heard for one in self._senders):
            return _GATHER
        return min(_PERIOD, max(_GATHER, self._rest_until - _monotonic())) if self._rests else _PERIOD

    @property
    def _is_impatient(self) -> bool:
        """Whether reports have waited long enough for those of a turn of their own."""
        return _monotonic() - self._settled_at > _PATIENCE

    @property
    def _rests(self) -> bool:
        """Whether the relays' rates leave nothing to do yet."""
        return self._rest_until > _monotonic()

    def _look(self, hungry: Sequence[SenderProcess]) -> None:
        """Find the first that may go, and see whether anything may."""
        ctx = self._ctx
        began, first = _monotonic(), None
        with ctx.database.read() as conn:
            turn_store.by_indexes(conn)
            real = ctx.clock.real()
            reason = self._guard(conn, ctx)
            standing = relay_store.standing(conn)
            shown = any(route.is_kept_in(standing.get(one.key)) for one in self._routes)
            if not reason and any(is_open(standing.get(one.route.key), real) for one in hungry):
                times = {"now": ctx.clock.engine(), "real": real, "at": ctx.database.now(conn)}
                first = turn_store.first_in_line(conn, **times)
        self._front.found(first, _monotonic() - began)
        if reason or shown:
            self._keep_in(reason)

    def _keep_in(self, reason: str, key: str = "") -> None:
        with self._ctx.database.write() as conn:
            for one in self._routes:
                if key in {"", one.key}:
                    route.keep_in(conn, one.key, reason, self._ctx.clock.real())

    def _exchange(self, hungry: Sequence[SenderProcess]) -> bool:
        """One transaction; then the letters leave for the senders. Whether any did."""
        ctx = self._ctx
        taken = [(one, one.take_reports()) for one in self._senders]
        before = self._front.after
        letters: list[Letter] = []
        try:
            with unsearched(), ctx.database.write() as conn:
                turn_store.by_indexes(conn)
                desk = Desk(conn, ctx.settings, self._routes, ctx.clock.real(), needed=_hasty(taken))
                settled = self._settle(conn, desk, [(one, told) for one, told in taken if told])
                if hungry and not self._guard(conn, ctx):
                    self._sit(desk, [(one, len(one.in_hand) - len(told)) for one, told in taken if one in hungry])
                    letters = self._go(conn, desk)
                desk.save()
        except BaseException:
            for one, reports in taken:
                one.put_back(reports)
            self._in_doubt = True  # the commit may have been made, and its answer lost
            self._front.after = before
            raise
        self._settled_at = _monotonic()
        for one, reports in taken:
            self._forget(one, reports)
        for key, found in settled:
            for state, count in found.states.items():
                SENDS.add(key, state, count=count)
        if any(found.reacts for _, found in settled):
            ctx.wake.reactions.set()
        self._give(letters, desk.given)
        return bool(letters)

    def _take_stock(self) -> None:
        """What is under way with a sender of ours that never got it has certainly not gone: it may go again."""
        with self._ctx.database.write() as conn:
            for one in self._senders:
                left = [row for row in turn_store.under_way(conn, one.id) if row.id not in one.in_hand]
                told = [Report(row.id, row.fence, Phase.HELD) for row in left]
                settle(conn, self._ctx, one.id, one.route.key, told)
        self._in_doubt = False

    def _settle(self, conn: Connection, desk: Desk, taken: Sequence[_Taken]) -> list[tuple[str, Settled]]:
        """What the reports came to, by route."""
        if not taken:
            return []
        told = [Told(sender.id, sender.route.key, reports) for sender, reports in taken]
        settled = settle_all(conn, self._ctx, told)
        for (sender, reports), found in zip(taken, settled, strict=True):
            self._follow(conn, desk, sender, reports, found)
        return [(one.route, found) for one, found in zip(told, settled, strict=True)]

    def _follow(
        self, conn: Connection, desk: Desk, sender: SenderProcess, reports: Sequence[Report], settled: Settled
    ) -> None:
        """What a batch means for the relay it was handed to."""
        key, real = sender.route.key, desk.real
        row = desk.windows[key].row
        if settled.trouble is not None or (row is not None and (row.state != OPEN or row.failures)):
            route.note(conn, key, settled, real)
            desk.look_again()
        if sent := settled.states[MessageState.SENT.value]:
            relay_store.count(conn, "sent", key, slot_of(real), sent, sender.id)
        self._learn(desk, sender, reports)
        if settled.trouble is not None or any(one.code == 0 for one in reports):
            self._hand_on(conn, desk, key, reports)

    def _learn(self, desk: Desk, sender: SenderProcess, reports: Sequence[Report]) -> None:
        """What a batch says about rates, and about messages of which the relay heard nothing."""
        key = sender.route.key
        slow = {
            given.group: one.enhanced or str(one.code)
            for one in reports
            if asked_for_haste(one) and (given := sender.in_hand.get(one.message_id)) is not None
        }
        if slow:
            desk.learn(key, slow, {group: self._flow.rate(key, group) for group in slow})
        unheard = [sender.in_hand.get(one.message_id) for one in reports if one.phase in _UNHEARD]
        if unheard:
            desk.give_back(key, Counter(one.slot for one in unheard if one is not None))

    def _hand_on(self, conn: Connection, desk: Desk, key: str, reports: Sequence[Report]) -> None:
        """What broke before its dot may go by another relay at once: it certainly did not go."""
        others = [one for one in desk.windows.values() if one.route.key != key and one.is_open]
        broken = [one.message_id for one in reports if one.phase in _UNHEARD or (one.phase in _BROKEN and not one.code)]
        if others and broken:
            relay_store.hand_on(conn, broken, desk.real, tries=len(self._routes))

    def _sit(self, desk: Desk, hungry: Sequence[tuple[SenderProcess, int]]) -> None:
        """`hungry`: each with how many it has in hand."""
        seats: dict[str, list[Seat]] = {}
        for one, in_hand in hungry:
            seats.setdefault(one.route.key, []).append(Seat(one.id, self._pace[one.id].room(in_hand)))
        quiet = _monotonic() - _STUCK
        alive = {one.route.key for one in self._senders if one.is_ready and one.heard_at > quiet}
        desk.sit(seats, self._shares, {one.key for one in self._routes} - alive - seats.keys())

    def _go(self, conn: Connection, desk: Desk) -> list[Letter]:
        ctx = self._ctx
        room = min(desk.reach, _MOST_AT_ONCE)
        self._rest_until = 0.0
        if not room:
            if desk.next_at is not None and desk.next_at > desk.real:
                self._rest_until = _monotonic() + (desk.next_at - desk.real).total_seconds()
            return []
        if self._front.after is None:
            return []
        most = min(room + self._front.left, 2 * _MOST_AT_ONCE)
        gone = go_next(conn, ctx, self._front.after, most, at=ctx.database.now(conn), desk=desk)
        self._front.moved(gone.last, gone.left, is_end=gone.seen < most)
        for revision in {one.template for one in gone.letters} - self._templates.keys():
            self._templates[revision] = store.compiled(conn, revision)
        return gone.letters

    def _give(self, letters: Sequence[Letter], given: Mapping[int, Given]) -> None:
        for sender in self._senders:
            mine = [one for one in letters if given[one.message_id].sender == sender.id]
            if not mine:
                continue
            for revision in {one.template for one in mine} - sender.known_templates:
                sender.learn(revision, self._templates[revision])
            sender.in_hand.update((one.message_id, given[one.message_id]) for one in mine)
            sender.handed += len(mine)
            sender.give(mine)

    def _forget(self, sender: SenderProcess, reports: Sequence[Report]) -> None:
        if not reports:
            if sender.id in self._pace:
                self._pace[sender.id].note(0, busy=bool(sender.in_hand))
            return
        groups = Counter(
            found.group for report in reports if (found := sender.in_hand.pop(report.message_id, None)) is not None
        )
        self._flow.note(sender.route.key, groups)
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
        if now >= self._next_spawn:
            self._spawn()
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
        if now >= self._next_clearing:
            self._next_clearing = now + _CLEARING
            with self._ctx.database.write() as conn:
                relay_store.clear_counts(conn, self._ctx.clock.real() - KEEP)

    def _spawn(self) -> None:
        working = Counter(one.route.key for one in self._senders if not one.is_gone and not one.is_leaving)
        for one in self._routes:
            for _ in range(one.senders - working[one.key]):
                self._senders.append(SenderProcess(self._ctx, one, self._timeouts, self._bell))

    def _let_leave(self, sender: SenderProcess) -> None:
        """Close the pipe of a sender that is to end; what was reserved for it is for the others."""
        if sender.is_closed:
            return
        sender.close()

    def _register(self, new: Sequence[SenderProcess]) -> None:
        with self._ctx.database.write() as conn:
            for one in new:
                store.add_sender(conn, one.row, self._ctx.database.now(conn))
        for one in new:
            one.is_registered = True
            self._pace[one.id] = Pace(one.route.connections)

    def _bury(self) -> None:
        """Settle what dead senders of our own still said, then what their journals tell."""
        for one in [one for one in self._senders if one.is_gone]:
            if one.heard:
                self._exchange([])
            recover_sender(self._ctx, one.id)
            if not one.is_registered:
                one.journal.unlink(missing_ok=True)
                self._keep_in(route.NO_SENDER, one.route.key)
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


def _hasty(taken: Sequence[_Taken]) -> set[str]:
    """The relays that have just refused a message for haste."""
    return {one.route.key for one, reports in taken if any(asked_for_haste(report) for report in reports)}
