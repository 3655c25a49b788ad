"""Each relay as people see it: how it stands, its day, its rates, its complaints (reads the database)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.engine import Connection, Row

from nurture.delivery import limits, relay_store, relays
from nurture.delivery.complaints import WINDOW, Share, share
from nurture.delivery.relays import Route
from nurture.delivery.state import PAUSED, Ads, is_open
from nurture.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Learned:
    """A group of domains whose rate is limited, learned or set."""

    domain: str
    rate: float  # messages a second, now
    since: datetime
    said: str


@dataclass(frozen=True, slots=True)
class View:
    """One relay."""

    route: Route
    is_open: bool
    is_held: bool  # a person paused it
    held_by: str
    reason: str  # route.sentence
    since: datetime | None
    retry_at: datetime | None
    failures: int
    day: date
    day_limit: int | None  # the quota, or the step of the warm-up
    day_used: int
    is_warming: bool
    next_at: datetime | None  # when its day has room again
    share: Share
    ads: Ads | None
    learned: tuple[Learned, ...]

    @property
    def filled(self) -> float:
        """How much of the day is used, 0 to 1."""
        return min(1.0, self.day_used / self.day_limit) if self.day_limit else 0.0


def views(conn: Connection, settings: Settings, real: datetime) -> list[View]:
    """All relays of the settings."""
    routes = relays.of(settings)
    standing = relay_store.standing(conn)
    slots = relay_store.taken(conn, [one.key for one in routes], real - limits.DAY - limits.DAY / 8)
    totals = relay_store.sums(conn, real - WINDOW)
    learned = relay_store.rates(conn)
    found = []
    for one in routes:
        row = standing.get(one.key)
        again = row is not None and row.clean_at is not None and row.clean_at > real - WINDOW
        mine = share(conn, one.key, row.clean_at, real) if again and row is not None else None
        rates = [rate for rate in learned if rate.route == one.key]
        found.append(_view(one, row, slots[one.key], mine or Share(*totals.get(one.key, (0, 0))), rates, real))
    return found


def _view(
    one: Route, row: Row[Any] | None, slots: limits.Slots, mine: Share, rates: Sequence[Any], real: datetime
) -> View:
    day = real.astimezone(one.limits.zone).date()
    step = one.limits.warm_step(day)
    limit, used = one.limits.per_day, limits.used(one.limits, slots, real)
    is_warming = step is not None and (
        limit is None or step <= limit - (used - limits.used_today(one.limits, slots, real))
    )
    if is_warming:
        limit, used = step, limits.used_today(one.limits, slots, real)
    opening = limits.opens_at(one.limits, slots, real)
    paused = row is not None and row.state == PAUSED
    return View(
        one, is_open(row, real), row is not None and row.held_at is not None, (row.held_by or "") if row else "",
        row.reason if row is not None and paused else "", row.since if row is not None else None,
        row.retry_at if row is not None else None, row.failures if row is not None else 0, day, limit, used,
        is_warming, opening if opening > real else None, mine,
        Ads(row.ads) if row is not None and row.ads else mine.level, _learned(one, rates, real),
    )  # fmt: skip


def _learned(one: Route, rates: Sequence[Any], real: datetime) -> tuple[Learned, ...]:
    found = []
    for row in rates:
        rate = limits.grown(row.rate, row.learned_at, real) if row.domain and row.rate is not None else None
        if rate is not None:
            found.append(
                Learned(row.domain, min(rate, one.limits.rates.get(row.domain, rate)), row.learned_at, row.said)
            )
    return tuple(found)
