"""How long sending was allowed within a span, and how late a mail is for it. Pure.

Late is what could not go while nothing ran, though windows and days allowed it: hours of the night, of a holiday, of a
campaign's pause, and hours in which it waited for a slow relay do not count.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from nurture.kernel.clock import aware
from nurture.policy.decide import Policy, is_allowed
from nurture.policy.house import House
from nurture.policy.windows import turns

Span = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_NONE = timedelta(0)
_WEEK = timedelta(weeks=1)


def allowed_time(
    policy: Policy, house: House, zone: ZoneInfo, start: datetime, end: datetime, enough: timedelta | None = None
) -> timedelta:
    """How much of a span windows and days allow; counting may stop over `enough`. Caps and gaps do not matter here."""
    open_at = Policy(policy.window)
    hours = House(house.window, house.calendar)
    total, low = _NONE, aware(start)
    while low < end and (enough is None or total <= enough):
        high = min(low + _WEEK, aware(end))
        parts = pairwise(_cuts(open_at, hours, zone, low, high))
        total += sum((late - one for one, late in parts if is_allowed(open_at, zone, one, house=hours)), _NONE)
        low = high
    return total


def _cuts(policy: Policy, house: House, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Start, end, and between them each instant at which the answer can change, in order."""
    windows = [one for one in (policy.window, house.window) if one is not None]
    minutes = {0, *(minute % (24 * 60) for one in windows for minute in (one.start, one.end))}
    first, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date() + _DAY
    days = (first + number * _DAY for number in range((last - first).days + 1))
    between = {one for day in days for one in turns(zone, day, *minutes) if start < one < end}
    return sorted({start, end, *between})


def is_late(
    policy: Policy, house: House, zone: ZoneInfo, since: datetime, now: datetime, outages: Sequence[Span]
) -> bool:
    """Whether a mail that was to go at `since` could not for longer than the house's late start, though it was allowed.

    Nothing ran in the outages: only they count.
    """
    most = house.late_start
    if most is None:
        return False
    lost = [(max(low, since), min(high, now)) for low, high in outages if low < now and high > since]
    if sum((high - low for low, high in lost), _NONE) <= most:
        return False
    total = _NONE
    for low, high in lost:
        total += allowed_time(policy, house, zone, low, high, most - total)
        if total > most:
            return True
    return False
