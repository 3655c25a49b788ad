"""Which relay takes which message, now, later or not at all: asked within the go (reads and writes the database).

One desk serves one transaction. Of relays with limits it holds the rows until the end, so that a day and a rate are
kept by all workers together; a relay without limits costs nothing here. Those rows are taken before anything else, so
that no two transactions wait for each other.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy.engine import Connection, Row

from nurture.delivery import limits, relay_store
from nurture.delivery.domains import group_of
from nurture.delivery.limits import Booked, Bucket, slot_of
from nurture.delivery.origin import from_domain
from nurture.delivery.relays import Route, own_domains, serving
from nurture.delivery.state import is_open, may_advertise
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.messages.model import MessageClass

_AHEAD = 48.0  # messages, by weight, that a relay may be ahead of another that has no hand free
_CLERK = 64  # messages looked at in a turn in which none may go, to say when they will
_PAUSED = timedelta(minutes=5)  # after which mail for a relay that a person paused is asked about again


@dataclass(frozen=True, slots=True)
class Wait:
    """It stays queued: no relay may take it before `until` (real time)."""

    reason: Reason
    until: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Seat:
    """A sender that can take so many more."""

    sender: str
    room: int


class Place(NamedTuple):  # as Given made once for each message: a third of what a frozen dataclass costs
    """Where a message goes."""

    window: "Window"
    group: str


class Given(NamedTuple):
    """A message that went to a sender: its recipient's group of domains, and the slot in which it was counted."""

    sender: str
    group: str
    slot: datetime


Answer: TypeAlias = Place | Wait | None


class Window:
    """One relay as it stands in this transaction."""

    def __init__(self, route: Route, row: Row[Any] | None, real: datetime) -> None:
        self.route = route
        self.row = row
        self.real = real
        self.is_open = is_open(row, real)
        self.may_advertise = may_advertise(row)
        self.seats: list[Seat] = []
        self.is_counted = False  # its limits are held
        self.is_stuck = False  # no hand free, and nothing heard of it for a while
        self.free: int | None = None  # of its day, the reserve included
        self._slots: limits.Slots = ()
        self._opening: tuple[int, datetime] | None = None  # as of so many taken
        self.booked = Booked()
        self.bucket: Bucket | None = None
        self.domains: dict[str, Bucket] = {}
        self.learned: dict[str, tuple[float, datetime, str]] = {}  # rate, since when, from which status
        self.outgrown: list[str] = []
        self.taken = 0
        self.touched: set[str] = set()

    def hold(self, rows: Sequence[Row[Any]], slots: limits.Slots) -> None:
        """Take what its rows say."""
        mine = self.route.limits
        self.is_counted = True
        by_domain = {row.domain: row for row in rows}
        own = by_domain.get("")
        if mine.by_day:
            self.free = limits.room(mine, slots, self.real)
            self._slots = slots
            self.booked = Booked(own.day_at, own.day_count) if own is not None else Booked()
        if mine.rate is not None:
            self.bucket = _bucket(own, mine.rate, self.real)
        for group, row in by_domain.items():
            if group and row.rate is not None:
                self._take_learned(group, row)
        for group, rate in mine.rates.items():
            if group not in self.domains:
                self.domains[group] = _bucket(by_domain.get(group), rate, self.real)

    def _take_learned(self, group: str, row: Row[Any]) -> None:
        rate = limits.grown(row.rate, row.learned_at, self.real)
        if rate is None:
            self.outgrown.append(group)
            return
        self.learned[group] = (row.rate, row.learned_at, row.said)
        self.domains[group] = _bucket(row, min(rate, self.route.limits.rates.get(group, rate)), self.real)

    @property
    def opening(self) -> datetime:
        """When its day has room for mail to leads, what goes in this transaction included."""
        if self._opening is None or self._opening[0] != self.taken:
            slots = [*self._slots, (slot_of(self.real), self.taken)]
            self._opening = self.taken, limits.opens_at(self.route.limits, slots, self.real)
        return self._opening[1]

    @property
    def room(self) -> int:
        """What its senders can take."""
        return sum(seat.room for seat in self.seats)

    @property
    def is_full(self) -> bool:
        """Whether its day has no room for mail to leads."""
        return self.free is not None and self.free <= self.route.limits.reserve

    @property
    def reach(self) -> int:
        """How many it could take now."""
        if not self.is_open or self.is_full:
            return 0
        return self.room if self.bucket is None else min(self.room, self.bucket.free)

    def refusal(self, group: str, *, is_ours: bool) -> Reason | None:
        """Why it cannot take such a message now. `is_ours`: the reserve of the day is for it."""
        if not self.is_open:
            return Reason.ROUTE_PAUSED
        if self.free is not None and self.free <= (0 if is_ours else self.route.limits.reserve):
            return Reason.QUOTA
        if self.bucket is not None and not self.bucket.free:
            return Reason.RELAY_RATE
        bucket = self.domains.get(group) if self.domains else None
        return Reason.DOMAIN_RATE if bucket is not None and not bucket.free else None

    def when(self, reason: Reason, group: str) -> datetime:
        """When that may have passed, before anything is booked."""
        if reason is Reason.ROUTE_PAUSED:
            known = self.row.retry_at if self.row is not None else None
            return max(self.real, known) if known is not None else self.real + _PAUSED
        if reason is Reason.QUOTA:
            return max(self.opening, self.booked.at or self.opening)
        bucket = self.bucket if reason is Reason.RELAY_RATE else self.domains[group]
        return bucket.next_at() if bucket is not None else self.real

    def wait(self, reason: Reason, group: str) -> Wait:
        """Put a message off for that reason, and book its time."""
        until, detail = self.when(reason, group), {"route": self.route.key}
        if reason is Reason.ROUTE_PAUSED:
            detail["error"] = self.row.reason if self.row is not None else ""
            return Wait(reason, until, detail)
        if reason is Reason.QUOTA:
            until, self.booked = limits.book(self.route.limits, self.opening, self.booked)
            self.touched.add("")
        elif reason is Reason.RELAY_RATE and self.bucket is not None:
            until, self.bucket = self.bucket.book(_chance())
            self.touched.add("")
        else:
            until, self.domains[group] = self.domains[group].book(_chance())
            self.touched.add(group)
            detail["domain"] = group
        return Wait(reason, until, {**detail, "time": until.isoformat(timespec="minutes")})

    def take(self, group: str) -> Seat:
        """Count a message that goes."""
        seat = self.seats[0]
        seat.room -= 1
        if not seat.room:
            self.seats.pop(0)
        if not self.is_counted:
            return seat
        if self.free is not None:
            self.free -= 1
            self.taken += 1
        if self.bucket is not None:
            self.bucket = self.bucket.taken(1)
            self.touched.add("")
        if group in self.domains:
            self.domains[group] = self.domains[group].taken(1)
            self.touched.add(group)
        return seat

    def slow(self, group: str, seen: float, status: str) -> None:
        """Halve the rate of a group of domains; refusals of one burst count once."""
        before = self.learned.get(group)
        if before is not None and self.real < before[1] + limits.DEAF:
            return
        now = limits.grown(before[0], before[1], self.real) if before is not None else None
        rate = limits.slowed(now, seen)
        self.learned[group] = (rate, self.real, status)
        booked = self.domains[group].booked if group in self.domains else None
        self.domains[group] = Bucket(rate, 0.0, self.real, booked)
        self.touched.add(group)
        self.is_counted = True

    def rows(self) -> list[dict[str, Any]]:
        """What is to be kept of its rates."""
        return [self._row(group) for group in sorted(self.touched)]

    def _row(self, group: str) -> dict[str, Any]:
        bucket = self.domains[group] if group else self.bucket
        rate, since, said = self.learned.get(group, (None, None, ""))
        booked = self.booked if not group else Booked()
        return {
            "route": self.route.key, "domain": group, "rate": rate, "learned_at": since, "said": said,
            "tokens": bucket.tokens if bucket is not None else 0.0,
            "at": bucket.at if bucket is not None else self.real,
            "booked_at": bucket.booked if bucket is not None else None,
            "day_at": booked.at, "day_count": booked.count,
        }  # fmt: skip


class Desk:
    """The relays of one transaction."""

    def __init__(
        self,
        conn: Connection,
        settings: Settings,
        routes: Sequence[Route],
        real: datetime,
        *,
        needed: Collection[str] = (),
    ) -> None:
        """Hold the rows of relays with limits, and of those of `needed`, which have just refused for haste."""
        self._conn = conn
        self._settings = settings
        self._routes = routes
        self.real = real
        rows = relay_store.standing(conn)
        self.windows = {one.key: Window(one, rows.get(one.key), real) for one in routes}
        self.given: dict[int, Given] = {}
        self.shares: dict[str, float] = {}
        self._by_domain: dict[str, list[Window]] = {}
        self._own = own_domains(settings)
        self._slot = slot_of(real)
        limited = [
            key for key, one in self.windows.items()
            if one.route.limits.is_any or key in needed or (one.row is not None and one.row.slowed_at is not None)
        ]  # fmt: skip
        if limited:
            self._hold(sorted(limited))
        self._plain = self._only()

    def _hold(self, keys: Sequence[str]) -> None:
        rows = relay_store.hold_rates(self._conn, keys, self.real)
        by_day = [key for key in keys if self.windows[key].route.limits.by_day]
        since = self.real - limits.DAY - limits.DAY / 8
        slots = relay_store.taken(self._conn, by_day, since) if by_day else {}
        for key in keys:
            self.windows[key].hold([row for row in rows if row.route == key], slots.get(key, []))

    def look_again(self) -> None:
        """Read anew how relays stand: one has just been paused or opened."""
        rows = relay_store.standing(self._conn)
        for key, one in self.windows.items():
            one.row = rows.get(key)
            one.is_open, one.may_advertise = is_open(one.row, self.real), may_advertise(one.row)
        self._plain = self._only()

    def sit(self, seats: Mapping[str, Sequence[Seat]], shares: dict[str, float], stuck: Collection[str] = ()) -> None:
        """Say who can take how many, by relay, and how much each relay has had by its weight (which is kept up)."""
        self.shares = shares
        most = max(shares.values(), default=0.0)
        for key, one in self.windows.items():
            one.seats = [seat for seat in seats.get(key, ()) if seat.room]
            one.is_stuck = key in stuck
            shares[key] = max(shares.get(key, 0.0), most - 2 * _AHEAD)  # one that was away has not all to make up for

    def _only(self) -> Window | None:
        """The one relay that there is, where it takes everything."""
        if len(self.windows) != 1:
            return None
        (one,) = self.windows.values()
        return one if one.is_open and one.may_advertise and not one.is_counted else None

    @property
    def reach(self) -> int:
        """How many messages are worth a look now."""
        most = sum(one.reach for one in self.windows.values())
        return most or (_CLERK if self._has_to_say else 0)

    @property
    def _has_to_say(self) -> bool:
        """Whether mail that waits can be told when it goes: an open relay's day is used up."""
        return any(one.is_open and one.is_full for one in self.windows.values())

    @property
    def next_at(self) -> datetime | None:
        """When one of the relays that only have no more at once may take the next; None when there is none."""
        known = [one.bucket.next_at() for one in self.windows.values() if one.is_open and one.bucket is not None]
        return min(known, default=None)

    def ask(self, row: Row[Any], address: str | None) -> Answer:
        """What may be done with a message now; None: it is looked at again in a moment."""
        group = group_of(address or "")
        plain = self._plain
        if plain is not None:
            return Place(plain, group) if plain.seats else None
        is_staff = row.user_id is not None
        windows = self._serving(row, is_staff=is_staff)
        is_advertising = not is_staff and row.class_ == MessageClass.ADVERTISING.value
        if is_advertising and (held := next((one for one in windows if not one.may_advertise), None)) is not None:
            until = self.real + limits.FARTHEST * (1 + _chance())
            return Wait(Reason.COMPLAINT_RATE, until, {"route": held.route.key})
        is_ours = is_staff or row.class_ == MessageClass.TRANSACTIONAL.value
        refusals = {one.route.key: one.refusal(group, is_ours=is_ours) for one in windows}
        ready = [one for one in windows if refusals[one.route.key] is None]
        if not ready:
            return self._soonest(windows, refusals, group)
        chosen = self._chosen(ready)
        return Place(chosen, group) if chosen is not None else None

    def _serving(self, row: Row[Any], *, is_staff: bool) -> list[Window]:
        if is_staff or not self._own:
            return list(self.windows.values())
        domain = from_domain(row, self._settings, self._own)
        if domain not in self._by_domain:
            self._by_domain[domain] = [self.windows[one.key] for one in serving(self._routes, domain)]
        return self._by_domain[domain]

    def _chosen(self, ready: Sequence[Window]) -> Window | None:
        """The one that has had least by its weight. Where it has no hand free another may go ahead, not by much."""
        if len(ready) == 1:
            return ready[0] if ready[0].seats else None
        in_line = sorted(ready, key=lambda one: self.shares[one.route.key])
        in_line = [one for one in in_line if one.seats or not one.is_stuck] or in_line
        least = self.shares[in_line[0].route.key]
        free = next((one for one in in_line if one.seats), None)
        return free if free is not None and self.shares[free.route.key] - least <= _AHEAD else None

    def _soonest(self, windows: Sequence[Window], refusals: Mapping[str, Reason | None], group: str) -> Wait:
        known = [(one, reason) for one in windows if (reason := refusals[one.route.key]) is not None]
        window, reason = min(known, key=lambda pair: pair[0].when(pair[1], group))
        return window.wait(reason, group)

    def take(self, place: Place, message_id: int) -> None:
        """Count a message that goes there."""
        key = place.window.route.key
        seat = place.window.take(place.group)
        self.shares[key] = self.shares.get(key, 0.0) + 1 / place.window.route.weight
        self.given[message_id] = Given(seat.sender, place.group, self._slot)

    def learn(self, key: str, slow: Mapping[str, str], seen: Mapping[str, float]) -> None:
        """A relay refused for haste: by group of domains the status said, and how fast mail went there."""
        for group, status in slow.items():
            self.windows[key].slow(group, seen.get(group, 0.0), status)
        self._plain = self._only()
        relay_store.change(self._conn, key, {"slowed_at": self.real}, self.real)

    def give_back(self, key: str, slots: Counter[datetime]) -> None:
        """Messages of which the relay heard nothing do not count against its day."""
        if self.windows[key].route.limits.by_day:
            for slot, number in slots.items():
                relay_store.count(self._conn, "taken", key, slot, -number)

    def save(self) -> None:
        """Keep what was taken and booked."""
        for key, one in self.windows.items():
            if one.taken:
                relay_store.count(self._conn, "taken", key, self._slot, one.taken)
            if one.outgrown:
                self._forget(one)
        relay_store.keep_rates(self._conn, [row for one in self.windows.values() for row in one.rows()])

    def _forget(self, window: Window) -> None:
        """Rates that have grown out of being a limit."""
        key = window.route.key
        relay_store.forget_rates(self._conn, key, [group for group in window.outgrown if group not in window.learned])
        if not window.learned:
            relay_store.change(self._conn, key, {"slowed_at": None}, self.real)


def _bucket(row: Row[Any] | None, rate: float, real: datetime) -> Bucket:
    if row is None:
        return limits.fresh(rate, real)
    return Bucket(rate, row.tokens, row.at, row.booked_at).filled(real)


def _chance() -> float:
    """Spreads load; it keeps no secret."""
    return random.random()  # noqa: S311
