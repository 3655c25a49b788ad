"""Exact counts over very many rows, for pages: taken in one look, and kept for a moment where the look is long.

An account must add up, so it is never estimated: all its figures come from one snapshot, and the page says when that
was. Of few rows every page counts anew. Of many a count is taken at most for a twentieth of the time, by one thread
beside the pages, and nobody is shown one that is older than a minute. Needs a request.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

import structlog
from flask import current_app
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from nurture.broadcasts import store as broadcasts
from nurture.enrollments import store as enrollments
from nurture.kernel.context import Context
from nurture.leads import duplicates
from nurture.messages import store as messages
from nurture.segments import history
from nurture.users.model import Person
from nurture.web.page import context

_log = structlog.get_logger(__name__)
T = TypeVar("T")

MANY = 100_000  # rows; fewer are counted for each page
SHARE = 20  # a count that took a second is good for so many
LEAST = timedelta(seconds=2)
OLDEST = timedelta(minutes=1)
_MOST_KEPT = 1_000  # counts; people and campaigns are fewer


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """What was counted and when (real time); `at` is None where it was counted for this page."""

    value: T
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    at: datetime
    good: timedelta


@dataclass(slots=True)
class Counts:
    """The counts that one process keeps."""

    kept: dict[Hashable, _Kept] = field(default_factory=dict)
    under_way: set[Hashable] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def look(self, ctx: Context, conn: Connection, count: Callable[[Connection], T]) -> tuple[T, _Kept]:
        """Count now."""
        began = ctx.clock.real()
        value = count(conn)
        taken = ctx.clock.real() - began
        return value, _Kept(value, began, max(LEAST, taken * SHARE))

    def keep(self, name: Hashable, one: _Kept) -> None:
        """For whoever asks next."""
        with self.turn:
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            self.kept[name] = one

    def again(self, ctx: Context, name: Hashable, count: Callable[[Connection], Any]) -> None:
        """Count anew beside the pages, unless somebody does already."""
        with self.turn:
            if name in self.under_way:
                return
            self.under_way.add(name)
        threading.Thread(target=self._count, args=(ctx, name, count), name="counting", daemon=True).start()

    def _count(self, ctx: Context, name: Hashable, count: Callable[[Connection], Any]) -> None:
        try:
            with ctx.database.read() as conn:
                _, found = self.look(ctx, conn, count)
            self.keep(name, found)
        except SQLAlchemyError as error:  # the next page counts for itself and says so
            _log.warning("count_failed", error=type(error).__name__)
            with self.turn:
                self.kept.pop(name, None)
        finally:
            with self.turn:
                self.under_way.discard(name)


def counted(conn: Connection, name: Hashable, count: Callable[[Connection], T], rows: Callable[[T], int]) -> Counted[T]:
    """What `count` gives, which may be called in another thread; `rows` says of how many rows it is made.

    `name` tells it from all other counts, the reader included where what they see differs.
    """
    counts = cast("Counts", current_app.extensions.setdefault("counts", Counts()))
    ctx = context()
    found = counts.kept.get(name)
    age = ctx.clock.real() - found.at if found is not None else OLDEST
    if found is None or age >= max(OLDEST, found.good * 2):
        value, taken = counts.look(ctx, conn, count)
        if rows(value) < MANY:
            return Counted(value)
        counts.keep(name, taken)
        return Counted(value, taken.at)
    if age > found.good:
        counts.again(ctx, name, count)
    return Counted(found.value, found.at)


def by_campaign(conn: Connection) -> dict[int | None, dict[str, int]]:
    """`messages.store.by_campaign`."""

    def rows(found: dict[int | None, dict[str, int]]) -> int:
        return sum(sum(states.values()) for states in found.values())

    return counted(conn, "by campaign", messages.by_campaign, rows).value


def by_broadcast(conn: Connection, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """`broadcasts.store.counts`."""

    def rows(found: dict[int, dict[str, int]]) -> int:
        return sum(sum(states.values()) for states in found.values())

    return counted(conn, ("by broadcast", *ids), lambda conn: broadcasts.counts(conn, ids), rows).value


def tally(conn: Connection, broadcast_id: int, seen_by: Person | None = None) -> Counted[messages.Tally]:
    """`broadcasts.store.tally`."""
    name = ("sends", None, broadcast_id, seen_by.id if seen_by is not None else None)

    def count(conn: Connection) -> messages.Tally:
        return broadcasts.tally(conn, broadcast_id, seen_by)

    return counted(conn, name, count, lambda found: sum(number for _, _, number in found))


def sizes(conn: Connection, lately: timedelta) -> Counted[dict[int, history.Size]]:
    """`segments.history.sizes`, with who joined and left in the time before the count."""
    ctx = context()

    def rows(found: dict[int, history.Size]) -> int:
        return sum(one.members + one.left for one in found.values())

    return counted(conn, ("sizes", lately), lambda conn: history.sizes(conn, ctx.clock.engine() - lately), rows)


def daily(
    conn: Connection, segment_id: int, borders: Sequence[datetime], members: int
) -> Counted[list[tuple[int, int]]]:
    """`segments.history.daily`, which looks at all its members, however few of them moved."""

    def rows(found: list[tuple[int, int]]) -> int:
        return members + sum(joined + left for joined, left in found)

    name = ("daily", segment_id, *borders)
    return counted(conn, name, lambda conn: history.daily(conn, segment_id, borders), rows)


def shared(conn: Connection) -> Counted[duplicates.Shared]:
    """`leads.duplicates.shared`."""
    return counted(conn, "shared", duplicates.shared, lambda found: found.leads)


def figures(conn: Connection) -> dict[int, enrollments.Figures]:
    """`enrollments.store.figures` of every campaign."""

    def rows(found: dict[int, enrollments.Figures]) -> int:
        return sum(sum(one.states.values()) for one in found.values())

    return counted(conn, "figures", enrollments.figures, rows).value
