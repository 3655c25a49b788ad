"""Kinds of steps, one file each; the file's name is the step's key in YAML.

A step module has
- `SCHEMA`: the form of its value, as JSON Schema, for editors;
- `read(reading, value, path)`: its value, checked; findings go into the reading;
- `act(config, moment)`: what it answers when a lead is at it, as an Outcome. It reads no clock and no database;
- `describe(config, language, titles)`: itself in one sentence, what it names called by its title;
- `ways(value)`, if it branches: the lists of steps within it, by the name of the way;
- `LISTENS = True`, if it waits for something that may happen before its planned instant: it is then asked early, too.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from nurture.campaigns.effects import Moment, Outcome
from nurture.campaigns.reading import Reading
from nurture.kernel.plugins import modules
from nurture.rules.titles import Titles


class Kind(Protocol):
    """What a step module offers; `ways` is optional, see `ways_of`."""

    SCHEMA: Mapping[str, Any]
    read: Callable[[Reading, Any, str], Any]
    act: Callable[[Any, Moment], Outcome]
    describe: Callable[[Any, str, Titles], str]


def kinds() -> dict[str, Kind]:
    """Every kind of step by its key."""
    return cast("dict[str, Kind]", modules(__name__))


def listens(kind: str) -> bool:
    """Whether a step of this kind is asked as soon as something relevant happens to the lead."""
    return bool(getattr(kinds()[kind], "LISTENS", False))


def ways_of(kind: str, value: Any) -> Mapping[str, Any]:
    """The lists of steps within a step's value, by way; empty when the kind does not branch."""
    ways = getattr(kinds()[kind], "ways", None)
    return ways(value) if ways is not None else {}
