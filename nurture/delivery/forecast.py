"""When so many mails will be through, by the days and rates of the relays, as far as is known now.

`through` and `sentence` are pure; `of_broadcast` and `of_waiting` read the database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from nurture.broadcasts.model import Definition, goes_at, starts_at
from nurture.delivery import limits, relay_store, relays
from nurture.delivery.limits import Limits, Slots
from nurture.delivery.state import is_open, may_advertise
from nurture.kernel.i18n import translate
from nurture.kernel.settings import Settings
from nurture.policy.decide import Defer, decide
from nurture.policy.house import House

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


def of_broadcast(
    conn: Connection, settings: Settings, chosen: Definition, house: House, will: int, *, now: datetime, real: datetime
) -> Outlook:
    """What a one-time email to so many comes to, launched now: its own hours and those of the house are kept."""
    zone = settings.local_zone
    policy, ours = chosen.sending.policy, house.of(chosen.sending.class_)
    goes = goes_at(chosen.when, zone, starts_at(chosen.when, zone, (), now))
    ahead = now - real  # in time-lapse engine time is another; days of a relay are real ones

    def shift(at: datetime) -> datetime:
        decided = decide(policy, zone, at + ahead, house=ours)
        return decided.until - ahead if isinstance(decided, Defer) else at

    begin = max(goes - ahead, real)
    routes = relays.of(settings)
    if not any(one.limits.is_any for one in routes):  # as fast as they can; the database knows no more
        return _outlook([Way(one.limits, ()) for one in routes], will, begin, settings, shift)
    ways, waiting = _ready(conn, settings, now, real)
    return _outlook(ways, will + waiting, begin, settings, shift)


def of_waiting(conn: Connection, settings: Settings, *, now: datetime, real: datetime) -> tuple[int, Outlook]:
    """How many wait whose own time has come, and what they come to."""
    ways, waiting = _ready(conn, settings, now, real)
    return waiting, _outlook(ways, waiting, real, settings, lambda at: at)


def _outlook(
    ways: Sequence[Way], count: int, begin: datetime, settings: Settings, shift: Callable[[datetime], datetime]
) -> Outlook:
    end = through(ways, count, begin, shift)
    if end is None:
        return Outlook(None, 0, is_limited=False)
    first, last = (at.astimezone(settings.local_zone).date() for at in (shift(begin), end))
    return Outlook(end, (last - first).days + 1, any(one.limits.by_day for one in ways) and last > first)


def _ready(conn: Connection, settings: Settings, now: datetime, real: datetime) -> tuple[list[Way], int]:
    """The relays that advertising may go by, and how many mails wait for them."""
    standing, waiting = relay_store.standing_and_waiting(conn, now)
    routes = [
        one for one in relays.of(settings)
        if is_open(standing.get(one.key), real) and may_advertise(standing.get(one.key))
    ]  # fmt: skip
    by_day = [one.key for one in routes if one.limits.by_day]
    slots = relay_store.taken(conn, by_day, real - limits.DAY - limits.DAY / 8)
    return [Way(one.limits, slots.get(one.key, ())) for one in routes], waiting


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
