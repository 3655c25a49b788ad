"""Kinds of steps, one file each; the file's name is the step's key in YAML.

A step module has
- `SCHEMA`: the form of its value, as JSON Schema, for editors;
- `read(reading, value, path)`: its value, checked; findings go into the reading;
- `act(config, moment)`: what it answers when a lead is at it, as an Outcome. It reads no clock and no database;
- `describe(config, language, titles)`: itself in one sentence, what it names called by its title;
- `ways(value)`, if it branches: the lists of steps within it, by the name of the way;
- `place(way)`: where the list of a way stands within the value, when that is not the way's name;
- `label(config, way, language, titles)`: a way in a few words, when they are more than its name, "yes" or "no";
- `targets(config)`: the ids of steps elsewhere that it may lead to, by way;
- `BLIND = True`, if it reads nothing of the lead and changes nothing: it need not wait until a change is written;
- `LISTENS = True`, if it waits for something that may happen before its planned instant: it is then asked early, too;
- `WAITS = True`, if time passes at it, so that a loop through it never runs hot.
A config whose step reads rules has them as `when`, or all of them as `rules`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, cast

from nurture.campaigns.effects import Moment, Outcome
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.kernel.plugins import modules
from nurture.rules.titles import UNTITLED, Titles

_WAYS = {"then": N_("Yes"), "else": N_("No")}


class Kind(Protocol):
    """What a step module offers; `ways` is optional, see `ways_of`."""

    SCHEMA: Mapping[str, Any]
    read: Callable[[Reading, Any, str], Any]
    act: Callable[[Any, Moment], Outcome]
    describe: Callable[[Any, str, Titles], str]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of step by its key."""
    return cast("dict[str, Kind]", modules(__name__))


@cache
def listens(kind: str) -> bool:
    """Whether a step of this kind is asked as soon as something relevant happens to the lead."""
    return bool(getattr(kinds()[kind], "LISTENS", False))


def waits(kind: str) -> bool:
    """Whether time passes at a step of this kind."""
    return bool(getattr(kinds()[kind], "WAITS", False)) or listens(kind)


@cache
def is_blind(kind: str) -> bool:
    """Whether a step of this kind sees nothing that a step before it may have changed."""
    return bool(getattr(kinds()[kind], "BLIND", False))


def ways_of(kind: str, value: Any) -> Mapping[str, Any]:
    """The lists of steps within a step's value, by way; empty when the kind does not branch."""
    ways = getattr(kinds()[kind], "ways", None)
    return ways(value) if ways is not None else {}


def place_of(kind: str, way: str) -> str:
    """Where the list of a way stands within the step's value."""
    place = getattr(kinds()[kind], "place", None)
    return str(place(way)) if place is not None else way


def targets_of(kind: str, config: Any) -> Mapping[str, str]:
    """The ids of steps elsewhere that a step may lead to, by way."""
    targets = getattr(kinds()[kind], "targets", None)
    return targets(config) if targets is not None else {}


def label_of(kind: str, config: Any, way: str, language: str, titles: Titles = UNTITLED) -> str:
    """A way in a few words."""
    label = getattr(kinds()[kind], "label", None)
    if label is not None:
        return str(label(config, way, language, titles))
    return translate(language, _WAYS[way]) if way in _WAYS else way
