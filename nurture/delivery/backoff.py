"""When to try again: the message by its attempts, the route by its failures. Real time, with jitter. Pure."""

from datetime import datetime, timedelta

from nurture.delivery.model import RouteTrouble

# Minutes until the next try of a message after its 1st, 2nd, … attempt; the last one repeats.
_MINUTES = (1, 5, 15, 30, 60, 120, 240)
LAST_DAY = timedelta(days=3)
_LEAST = timedelta(minutes=30)  # between the last try of all and the one before it
_FIRST: dict[RouteTrouble, timedelta] = {
    RouteTrouble.REST: timedelta(seconds=5),
    RouteTrouble.PAUSE: timedelta(minutes=1),
}
_LONGEST = {RouteTrouble.REST: timedelta(minutes=5), RouteTrouble.PAUSE: timedelta(hours=1)}


def retry_at(attempts: int, real: datetime, asked_seconds: int, jitter: float) -> datetime:
    """When a deferred message is tried again. `attempts` counts the one just made; `jitter` is between 0 and 1."""
    base = timedelta(minutes=_MINUTES[min(max(attempts, 1), len(_MINUTES)) - 1])
    span = max(base, timedelta(seconds=asked_seconds))
    return real + span * (1 + 0.2 * jitter)


def within_last_day(dated_at: datetime, real: datetime, next_try: datetime) -> datetime | None:
    """The next try as far as there is one: once at the end of the last day, counted from the first, none after it."""
    last = dated_at + LAST_DAY
    if next_try <= last:
        return next_try
    return last if last - real >= _LEAST else None


def route_retry_at(trouble: RouteTrouble, failures: int, real: datetime, asked_seconds: int = 0) -> datetime:
    """When a paused route is tried again after its `failures`-th failure in a row."""
    doubled: int = 2 ** min(max(failures, 1) - 1, 20)
    span = min(_FIRST[trouble] * doubled, _LONGEST[trouble])
    return real + max(span, timedelta(seconds=min(asked_seconds, 3600)))
