"""When so many mails will be through, by the days and rates of the relays, as far as is known now.

`through` and `sentence` are pure; `outlook`, `of_broadcast` and `of_waiting` read the database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from nurture.broadcasts.model import Definition, goes_at, starts_at
from nurture.campaigns import house as houses
from nurture.delivery import limits, relay_store, relays
from nurture.delivery.limits import Limits, Slots
from nurture.delivery.state import is_open, may_advertise
from nurture.kernel.i18n import translate
from nurture.kernel.settings import Settings
from nurture.policy.decide import Defer, decide

_FARTHEST = timedelta(days=400)
_STEP = timedelta(minutes=1)
_USUAL = 5.0  # messages a second by a relay whose rate is not limited


@dataclass(frozen=True, slots=True)
class Way:
    """A relay as the forecast sees it."""

    limits: Limits
    slots: Slots

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.limits.rate if self.limits.rate is not None else _USUAL


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a send comes to. `end` is None where it cannot be said: nothing goes just now, or it takes over a year."""

    end: datetime | None
    days: int  # calendar days on which mail goes, the first one included
    is_limited: bool  # a day's quota makes it longer than one day


def through(ways: Sequence[Way], count: int, begin: datetime, shift: Callable[[datetime], datetime]) -> datetime | None:
    """When `count` mails are gone that begin to go at `begin`. `shift` moves an instant to when sending is allowed."""
    if count <= 0:
        return begin
    begin = shift(begin)
    if not ways or sum(_until(one, begin, begin + _FARTHEST, shift) for one in ways) < count:
        return None
    low, high = begin, begin + _FARTHEST
    while high - low > _STEP:
        middle = low + (high - low) / 2
        if sum(_until(one, begin, middle, shift) for one in ways) >= count:
            high = middle
        else:
            low = middle
    return high.replace(second=0, microsecond=0) + _STEP


def _until(way: Way, begin: datetime, end: datetime, shift: Callable[[datetime], datetime]) -> float:
    """How many go by this relay until then."""
    mine = way.limits
    if not mine.by_day:
        return (end - begin).total_seconds() * way.rate
    sent, at, free = 0.0, begin, _leads(mine, limits.room(mine, way.slots, begin))
    opening = limits.opens_at(mine, way.slots, begin)
    after = opening if opening > begin else limits.after_opening(mine, begin)
    while at < end:
        start = shift(at)
        stop = min(end, after)
        sent += min(free, max(0.0, (stop - start).total_seconds()) * way.rate)
        at, after = after, limits.after_opening(mine, after)
        free = _leads(mine, mine.of_day(at.astimezone(mine.zone).date()))
    return sent


def _leads(mine: Limits, free: int | None) -> float:
    return float("inf") if free is None else max(0.0, float(free - mine.reserve))


def outlook(
    conn: Connection,
    settings: Settings,
    count: int,
    *,
    begin: datetime,
    now: datetime,
    real: datetime,
    shift: Callable[[datetime], datetime] = lambda at: at,
) -> Outlook:
    """What a send of so many comes to that begins at `begin`, behind what waits already."""
    ways = ready(conn, settings, real)
    end = through(ways, count + relay_store.waiting(conn, now), max(begin, real), shift)
    if end is None:
        return Outlook(None, 0, is_limited=False)
    first, last = (at.astimezone(settings.local_zone).date() for at in (shift(max(begin, real)), end))
    return Outlook(end, (last - first).days + 1, any(one.limits.by_day for one in ways) and last > first)


def ready(conn: Connection, settings: Settings, real: datetime) -> list[Way]:
    """The relays that advertising may go by."""
    standing = relay_store.standing(conn)
    routes = [
        one for one in relays.of(settings)
        if is_open(standing.get(one.key), real) and may_advertise(standing.get(one.key))
    ]  # fmt: skip
    slots = relay_store.taken(conn, [one.key for one in routes], real - limits.DAY - limits.DAY / 8)
    return [Way(one.limits, slots[one.key]) for one in routes]


def of_broadcast(
    conn: Connection, settings: Settings, chosen: Definition, will: int, *, now: datetime, real: datetime
) -> Outlook:
    """What a one-time email to so many comes to, launched now: its own hours and those of the house are kept."""
    zone = settings.local_zone
    policy, house = chosen.sending.policy, houses.live(conn).of(chosen.sending.class_)
    goes = goes_at(chosen.when, zone, starts_at(chosen.when, zone, (), now))
    ahead = now - real  # in time-lapse engine time is another; days of a relay are real ones

    def shift(at: datetime) -> datetime:
        decided = decide(policy, zone, at + ahead, house=house)
        return decided.until - ahead if isinstance(decided, Defer) else at

    return outlook(conn, settings, will, begin=goes - ahead, now=now, real=real, shift=shift)


def of_waiting(conn: Connection, settings: Settings, *, now: datetime, real: datetime) -> tuple[int, Outlook]:
    """How many wait whose own time has come, and what they come to."""
    waiting = relay_store.waiting(conn, now)
    return waiting, outlook(conn, settings, 0, begin=real, now=now, real=real)


def sentence(seen: Outlook, language: str, stamp: Callable[[datetime], str]) -> str:
    """When it is through, in words."""
    if seen.end is None:
        return translate(language, "When it will be through cannot be said: no mail server takes it now")
    if seen.is_limited:
        return translate(
            language,
            "Spread over %(days)s days by what the mail servers take in a day; through at about %(time)s",
            days=seen.days, time=stamp(seen.end),
        )  # fmt: skip
    return translate(language, "Through at about %(time)s", time=stamp(seen.end))
