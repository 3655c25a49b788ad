"""What leads and staff do, drawn from the seed: the same email to the same lead, the same deeds. Pure.

A deed is drawn for each email from (seed, what names the message), so that the order of sending changes nothing.
Deeds fall on full tens of minutes, those of many leads on full hours: between seven in the morning and ten at night of
the lead's zone; those of staff between nine and five from Monday to Friday in the house's zone.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nurture.rehearsal.model import Behavior, Does

GRID = timedelta(minutes=10)
GRID_OF_MANY = timedelta(hours=1)
_WAKES, _SLEEPS = 7, 22  # o'clock
_BEGINS, _ENDS = time(9), time(17)  # a working day
_FREE = (5, 6)  # weekdays
_OPENED_AFTER = 180.0  # minutes, the median
_SPREAD = 1.3  # of the logarithm
_LATEST = timedelta(days=6)


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """Something done at an instant of engine time. `link` is the position of the link that is followed."""

    at: datetime
    does: Does
    link: int = 0
    outcome: str = ""  # of a task


class Draw:
    """Numbers between 0 and 1 from a text; each name has its own, whatever was asked before."""

    def __init__(self, seed: int, name: str) -> None:
        self._root = f"{seed}/{name}/"

    def __call__(self, what: str) -> float:
        """The number of this name."""
        digest = hashlib.blake2b((self._root + what).encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


def deeds(
    behavior: Behavior, draw: Draw, sent: datetime, zone: ZoneInfo, links: Sequence[str], grid: timedelta = GRID
) -> list[Deed]:
    """What is done with an email sent then, in the order of the instants. Whoever clicks, answers or refuses, opens."""
    clicks = bool(links) and draw("clicks") < behavior.clicks
    replies = draw("replies") < behavior.replies
    leaves = draw("unsubscribes") < behavior.unsubscribes
    rest = 1 - behavior.clicks
    opens_only = rest > 0 and draw("opens") < (behavior.opens - behavior.clicks) / rest
    if not (clicks or replies or leaves or opens_only):
        return []
    opened = awake(sent + _later(draw("when")), zone, grid)
    found = [Deed(opened, Does.OPENS)]
    if clicks:
        found.append(Deed(opened + grid, Does.CLICKS, int(draw("which") * len(links))))
    if replies:
        found.append(Deed(awake(opened + grid + _later(draw("answer")) / 2, zone, grid), Does.REPLIES))
    if leaves:
        found.append(Deed(opened + grid, Does.UNSUBSCRIBES))
    return sorted(found)


def _later(share: float) -> timedelta:
    """How long a reader takes: most within hours, some after days (a log-normal spread)."""
    clipped = min(max(share, 1e-6), 1 - 1e-6)
    minutes = _OPENED_AFTER * math.exp(_SPREAD * _normal(clipped))
    return min(timedelta(minutes=minutes), _LATEST)


def _normal(share: float) -> float:
    """The quantile of the standard normal distribution, close enough by the logistic one."""
    return math.log(share / (1 - share)) / 1.702


def at_work(at: datetime, zone: ZoneInfo, share: float, grid: timedelta = GRID) -> datetime:
    """The instant by which so large a share of a working day has gone by, on the grid."""
    left = (datetime.combine(at, _ENDS) - datetime.combine(at, _BEGINS)) * share
    day = at.astimezone(zone).date()
    while True:
        begin = max(at, datetime.combine(day, _BEGINS, zone).astimezone(UTC))
        end = datetime.combine(day, _ENDS, zone).astimezone(UTC)
        if day.weekday() not in _FREE and begin < end:
            if begin + left < end:
                return _on_grid(begin + left, grid)
            left -= end - begin
        day += timedelta(days=1)


def _on_grid(at: datetime, grid: timedelta) -> datetime:
    seconds = grid.total_seconds()
    return datetime.fromtimestamp(math.ceil(at.timestamp() / seconds) * seconds, UTC)


def awake(at: datetime, zone: ZoneInfo, grid: timedelta = GRID) -> datetime:
    """The first instant of the grid from then on at which the lead is awake."""
    on_grid = _on_grid(at, grid)
    wall = on_grid.astimezone(zone)
    if _WAKES <= wall.hour < _SLEEPS:
        return on_grid
    day = wall.date() + timedelta(days=wall.hour >= _SLEEPS)
    morning = datetime(day.year, day.month, day.day, _WAKES, tzinfo=zone).astimezone(UTC)
    spread = timedelta(minutes=wall.minute) // grid * grid  # not all of them at seven sharp
    return morning + spread
