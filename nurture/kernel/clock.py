"""The only reader of the clock. Engine time is what campaigns live in; real time is what machines live in.

Engine time: due instants, windows, caps, decay, activities. Real time: leases, SMTP deadlines and retries,
the Date header, sessions, bursts of hits.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


def aware(instant: datetime) -> datetime:
    """The instant in UTC; a naive one is refused with ValueError."""
    if instant.tzinfo is None:
        raise ValueError(f"a naive datetime has no place here: {instant!r}")
    return instant.astimezone(UTC)


class Clock(Protocol):
    """Gives the two times, both aware and in UTC."""

    def engine(self) -> datetime:
        """What time it is for campaigns."""
        ...

    def real(self) -> datetime:
        """What time it is on the wall."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring spans within one process."""
        ...


class SystemClock:
    """Engine time and real time are one: the machine's clock."""

    def engine(self) -> datetime:
        return datetime.now(UTC)

    def real(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class LapseClock:
    """Time-lapse: from the anchor on, `speed` engine seconds pass for each real second.

    The anchor is set at start from the database row, so that engine time stands still while nothing runs.
    """

    engine_anchor: datetime
    real_anchor: datetime
    speed: float

    def engine(self) -> datetime:
        passed = max(timedelta(0), datetime.now(UTC) - self.real_anchor)
        return self.engine_anchor + passed * self.speed

    def real(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def pace(clock: Clock) -> float:
    """How many engine seconds pass in a real one, while the clock goes by itself."""
    return clock.speed if isinstance(clock, LapseClock) else 1.0


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told to: for rehearsals and tests."""

    engine_at: datetime
    real_at: datetime | None = None

    def engine(self) -> datetime:
        return self.engine_at

    def real(self) -> datetime:
        return self.real_at or self.engine_at

    def monotonic(self) -> float:
        return self.real().timestamp()

    def advance(self, span: timedelta) -> datetime:
        """Move both times on; gives the new engine time."""
        self.engine_at += span
        if self.real_at is not None:
            self.real_at += span
        return self.engine_at
