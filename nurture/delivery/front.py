"""Where in line the next go begins. Kept in memory by the parent; reads the monotonic clock.

Whatever stands before it has been looked at: it went, it waits, somebody else holds it, or its sender's campaign or
broadcast is held. So a go reads as many rows as it lets go, however many wait. Several times a second the head of the
line is looked for anew, so that an alert, and a mail whose time to be tried again has come, pass all that wait behind
them; the more that look costs, because very many stand there that may not go, the rarer it is.
"""

from collections.abc import Sequence

from nurture.delivery.turn_store import Place
from nurture.kernel.clock import SystemClock

_monotonic = SystemClock().monotonic
_LOOK = 0.2  # seconds between looks for the head of the line while there is work
_SHARE = 20.0  # a look may take this part of the time
_CHEAP = 0.02  # seconds; looks that cost no more are made whenever there is nothing to do
_MOST_LEFT = 256  # that no sender had a hand for, and that others may pass


class Front:
    """The place after which the next go looks; none while nothing is known to wait."""

    def __init__(self) -> None:
        self.after: Place | None = None
        self.left = 0  # that stand there and were not let go, for want of a sender with a hand free
        self._next_look = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the head of the line is to be looked for."""
        return _monotonic() >= self._next_look

    def found(self, first: Place | None, seconds: float) -> None:
        """The first that may go stands here; finding it took so long."""
        self.after = None if first is None else _before(first)
        self.left = 0
        pause = _SHARE * seconds if seconds > _CHEAP else 0.0
        self._next_look = _monotonic() + (pause if first is None else max(_LOOK, pause))

    def moved(self, last: Place | None, left: Sequence[Place], *, is_end: bool) -> None:
        """A go looked at all up to `last`; these of them were left as they are."""
        self.left = len(left)
        if left and self.left <= _MOST_LEFT:
            self.after = _before(left[0])
        elif is_end:
            self.after = None
            self._next_look = min(self._next_look, _monotonic() + _LOOK) if left else 0.0
        else:
            self.after = last


def _before(place: Place) -> Place:
    return place._replace(id=place.id - 1)
