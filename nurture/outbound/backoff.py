"""When a call is tried again, by its tries; when a host that does not answer is asked again. Real time. Pure."""

from datetime import datetime, timedelta

# Seconds until the next try after the 1st, 2nd, … one; the last repeats.
_SECONDS = (10, 60, 300, 900, 1800, 3600, 7200, 14400)
LAST_DAY = timedelta(days=3)
_LONGEST_WISH = 14400  # how long a receiver may ask us to wait
_FIRST_REST = timedelta(seconds=2)
_LONGEST_REST = timedelta(minutes=5)


def retry_at(attempts: int, real: datetime, asked_seconds: int, jitter: float) -> datetime:
    """The next try. `attempts` counts the one just made; `jitter` is between 0 and 1."""
    base = _SECONDS[min(max(attempts, 1), len(_SECONDS)) - 1]
    span = max(base, min(asked_seconds, _LONGEST_WISH))
    return real + timedelta(seconds=span * (1 + 0.2 * jitter))


def is_expired(first_at: datetime, next_try: datetime) -> bool:
    """Whether the next try would come after the last day, counted from the first try."""
    return next_try > first_at + LAST_DAY


def rest(failures: int) -> timedelta:
    """How long a host is left alone after it did not answer so often in a row."""
    doubled: int = 2 ** min(max(failures, 1) - 1, 20)
    return min(_FIRST_REST * doubled, _LONGEST_REST)
