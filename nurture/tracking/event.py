"""What a file of tracking/events gives, and the events by kind and by the prefix of their paths."""

from functools import cache
from typing import Protocol, cast

from nurture.activities.model import Kind
from nurture.kernel.plugins import modules
from nurture.kernel.signing import KeyRing
from nurture.tracking.model import Answer, Target, Verdict


class Event(Protocol):
    """One kind of tracked event."""

    PREFIX: str  # of the path, with both slashes; the rest is the token
    ACTIVITY: Kind  # what a hit that counts becomes
    COUNTED: frozenset[Verdict]  # verdicts that count
    ONCE: bool  # one activity for each message and verdict; else one for each minute and link

    def read(self, keys: KeyRing, token: str, /) -> Target | None:
        """What a token of ours points at; None for every other."""
        ...

    def answer(self, target: Target, /) -> Answer | None:
        """What the request gets; None when the target may not be answered."""
        ...


@cache
def events() -> dict[str, Event]:
    """The events by kind."""
    return {name: cast("Event", module) for name, module in modules("nurture.tracking.events").items()}


@cache
def prefixes() -> dict[str, str]:
    """The kind of event for each prefix."""
    return {event.PREFIX: kind for kind, event in events().items()}
