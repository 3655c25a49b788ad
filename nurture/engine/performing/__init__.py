"""How effects are done: one file each, many at once, in the transaction that moves the enrollments on (queries).

A module has
- `EFFECT`: the effect it does;
- `perform(conn, asked, scene)`: does all of them, in a number of statements that does not grow with them; gives Done.
  A second time it finds them done;
- `HOLDS = True`, if it changes leads or enrollments of theirs: all leads of the chunk are then held, before any
  enrollment is, so that nobody who holds a lead waits for an enrollment of ours;
- `LATE = True`, if it must find the enrollments where they stand now: it is done after they have moved.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy.engine import Connection

from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.plugins import modules


class Performer(Protocol):
    """What a module offers."""

    EFFECT: type
    perform: Callable[[Connection, Sequence[Asked[Any]], Scene], Done]


@cache
def performers() -> Mapping[type, Performer]:
    """Who does which effect; those that come late are the last."""
    found = cast("dict[str, Performer]", modules(__name__))
    return {one.EFFECT: one for one in sorted(found.values(), key=is_late)}


def holds(effect: type) -> bool:
    """Whether the leads have to be held for this effect."""
    return bool(getattr(performers()[effect], "HOLDS", False))


def is_late(performer: Performer) -> bool:
    """Whether it is done after the enrollments have moved."""
    return bool(getattr(performer, "LATE", False))
