"""What a relay may take and when: its day, its rate, its warm-up, and rates that are learned. Pure.

A day is the calendar's in the relay's own zone, or any 24 hours, as the provider counts. What was used is known by
slots of a quarter of an hour: every zone's midnight lies between two of them. A slot counts whole until all of it is
past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from nurture.kernel.localtime import instant

SLOT = timedelta(minutes=15)
DAY = timedelta(hours=24)
KEEP = timedelta(days=31)  # how long slots are kept
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BURST = 0.25  # seconds' worth of a rate that may go at once
_RESERVE = 0.02  # of a day's quota, for staff and what leads asked for
_MOST_RESERVE = 20
_FIRST_STEP, _STEPS = 50, 12  # a warm-up without steps of its own doubles from here
# Learning: a rate falls by half, and grows by a quarter for each span in which nothing was refused.
SLOWER, FASTER = 0.5, 1.25
QUIET = timedelta(minutes=10)
DEAF = timedelta(seconds=30)  # refusals within this after one was heard are of the same burst
LEAST, MOST = 1 / 60, 50.0  # messages a second; a rate that has grown to the most is forgotten
_UNKNOWN = 1.0  # what a domain that slows us down for the first time gets at most
FARTHEST = timedelta(minutes=10)  # how far ahead of a rate a message is put off

Slots = Sequence[tuple[datetime, int]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one relay may take. None: without that limit."""

    zone: ZoneInfo
    rate: float | None = None  # messages a second
    per_day: int | None = None
    rolling: bool = False
    reserve: int = 0
    warm_since: date | None = None
    warm_steps: tuple[int, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)  # messages a second, by group of domains

    @property
    def by_day(self) -> bool:
        """Whether days are counted."""
        return self.per_day is not None or self.warm_since is not None

    @property
    def is_any(self) -> bool:
        """Whether there is any limit."""
        return self.by_day or self.rate is not None or bool(self.rates)

    def of_day(self, day: date) -> int | None:
        """The most of a day: the step of the warm-up, or the quota."""
        step = self.warm_step(day)
        if step is None:
            return self.per_day
        return step if self.per_day is None else min(step, self.per_day)

    def warm_step(self, day: date) -> int | None:
        """What the warm-up allows on a day; None when it is over, or there is none."""
        if self.warm_since is None:
            return None
        steps = self.warm_steps or default_steps(self.per_day)
        number = max(0, (day - self.warm_since).days)
        return steps[number] if number < len(steps) else None


def default_steps(per_day: int | None) -> tuple[int, ...]:
    """50, 100, 200, … up to the quota."""
    steps = [_FIRST_STEP << number for number in range(_STEPS)]
    return tuple(step for step in steps if per_day is None or step < per_day)


def default_reserve(per_day: int | None) -> int:
    """How many of a day are kept for staff and transactional mail."""
    return 0 if per_day is None else max(1, min(_MOST_RESERVE, round(per_day * _RESERVE)))


def slot_of(real: datetime) -> datetime:
    """The begin of the slot of an instant."""
    return real - (real - _EPOCH) % SLOT


def begin_of_day(limits: Limits, real: datetime) -> datetime:
    """When the calendar's day began where the relay counts."""
    return instant(limits.zone, real.astimezone(limits.zone).date())


def next_day(limits: Limits, real: datetime) -> datetime:
    """When the next one begins."""
    return instant(limits.zone, real.astimezone(limits.zone).date() + timedelta(days=1))


def used_today(limits: Limits, slots: Slots, real: datetime) -> int:
    """What went on the calendar's day."""
    begin = begin_of_day(limits, real)
    return sum(count for at, count in slots if at >= begin)


def used(limits: Limits, slots: Slots, real: datetime) -> int:
    """What counts against the quota now."""
    if not limits.rolling:
        return used_today(limits, slots, real)
    return sum(count for at, count in slots if at + SLOT + DAY > real)


def room(limits: Limits, slots: Slots, real: datetime) -> int | None:
    """How many may still go on this day, the reserve included. None: any number."""
    free: list[int] = []
    if limits.per_day is not None:
        free.append(limits.per_day - used(limits, slots, real))
    step = limits.warm_step(real.astimezone(limits.zone).date())
    if step is not None:
        free.append(step - used_today(limits, slots, real))
    return max(0, min(free)) if free else None


def opens_at(limits: Limits, slots: Slots, real: datetime) -> datetime:
    """When there is room again for mail to leads, as far as is known now; `real` when there is."""
    at = real
    for _ in range(3 * len(slots) + 60):
        free = room(limits, slots, at)
        if free is None or free > limits.reserve:
            return at
        ends = [one + SLOT + DAY for one, count in slots if count and one + SLOT + DAY > at] if limits.rolling else []
        at = min([next_day(limits, at), *ends])
    return at


def after_opening(limits: Limits, opening: datetime) -> datetime:
    """The opening of the day that follows one: where a further quota may go."""
    return opening + DAY + SLOT if limits.rolling else next_day(limits, opening)


@dataclass(frozen=True, slots=True)
class Booked:
    """How far ahead days are given away to mail that waits: so many of the day that opens at `at`."""

    at: datetime | None = None
    count: int = 0


def book(limits: Limits, opening: datetime, booked: Booked) -> tuple[datetime, Booked]:
    """The day for one more message that waits: when it opens, and what is booked then. `opening` is the next one."""
    at, count = (booked.at, booked.count) if booked.at is not None and booked.at >= opening else (opening, 0)
    most = limits.of_day(at.astimezone(limits.zone).date())
    if most is not None and count >= max(1, most - limits.reserve):
        at, count = after_opening(limits, at), 0
    return at, Booked(at, count + 1)


# -- rates --


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate, and how much of it may go at once: `tokens` at `at`. `booked`: until when it is given away."""

    rate: float
    tokens: float
    at: datetime
    booked: datetime | None = None

    @property
    def most(self) -> float:
        """The most tokens it holds."""
        return max(1.0, self.rate * _BURST)

    def filled(self, real: datetime) -> "Bucket":
        """With what has run in since."""
        passed = max(0.0, (real - self.at).total_seconds())
        return Bucket(self.rate, min(self.most, self.tokens + passed * self.rate), max(self.at, real), self.booked)

    def taken(self, count: int) -> "Bucket":
        """Without so many."""
        return Bucket(self.rate, self.tokens - count, self.at, self.booked)

    @property
    def free(self) -> int:
        """How many may go now."""
        return max(0, int(self.tokens + 1e-6))

    def next_at(self) -> datetime:
        """When the next may go."""
        return self.at if self.free else self.at + timedelta(seconds=(1 - self.tokens) / self.rate)

    def book(self, chance: float) -> tuple[datetime, "Bucket"]:
        """When to ask again for one that finds none left. `chance` (0 to 1) spreads those for whom it is too far."""
        first = self.next_at()
        step = timedelta(seconds=1 / self.rate)
        slot = first if self.booked is None else max(first, self.booked + step)
        if slot > self.at + FARTHEST:
            return self.at + FARTHEST * (0.5 + 0.5 * chance), self
        return slot, Bucket(self.rate, self.tokens, self.at, slot)


def fresh(rate: float, real: datetime) -> Bucket:
    """A bucket that is full."""
    return Bucket(rate, max(1.0, rate * _BURST), real)


def slowed(rate: float | None, seen: float) -> float:
    """The rate of a domain that has just refused for haste. `rate`: what was learned before; `seen`: how fast it went,
    messages a second."""
    before = rate if rate is not None else min(_UNKNOWN / SLOWER, max(seen, LEAST))
    return max(LEAST, before * SLOWER)


def grown(rate: float, learned_at: datetime, real: datetime) -> float | None:
    """What a learned rate has grown to since; None when it has grown out of being a limit."""
    spans = max(0, int((real - learned_at) / QUIET))
    now = rate * FASTER ** min(spans, 200)
    return None if now >= MOST else now
