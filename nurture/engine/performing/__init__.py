"""How effects are done: one file each, many at once, in the transaction that moves the enrollments on (queries).

A module has
- `EFFECT`: the effect it does;
- `perform(conn, asked, scene)`: does all of them, in a number of statements that does not grow with them; gives Done.
  A second time it finds them done.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from sqlalchemy.engine import Connection

from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.plugins import modules


class Performer(Protocol):
    """What a module offers."""

    EFFECT: type
    perform: Callable[[Connection, Sequence[Asked[Any]], Scene], Done]


def performers() -> dict[type, Performer]:
    """Who does which effect."""
    found = cast("dict[str, Performer]", modules(__name__))
    return {one.EFFECT: one for one in found.values()}
