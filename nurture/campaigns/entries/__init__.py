"""Kinds of entries, one file each; the file's name is the entry's key in YAML.

An entry module has
- `SCHEMA`: the form of its value, as JSON Schema, for editors;
- `read(reading, value, path)`: its value, checked; findings go into the reading;
- `describe(config, language, titles)`: who comes in, in one sentence;
and what drives it, if anything but a person or a program does:
- `hears(config)`: the kinds of activities after which it has to be asked, and `asks(config, signal)`: whether this one
  is what it waits for; `completes(config, signal, view, facts)`, if more must hold than the activity itself tells;
- `level(config)`: the points that have to be reached from below;
- `occasions(config, since, until, zone)`: the instants at which whoever is in its segment comes in;
- `days(config, since, until)` and `occasions_of(config, value, since, until, zone)`: the same for a day of each lead's;
- `standing(config)`: the rule of those who have what it asks for already, with `EXISTING`, the two sentences that say
  what becomes of them, enrolled or skipped; `NEEDS_EXISTING = True`, if the file must say which;
- `recurs(config)`, if it takes the same lead in another time, so that `again` is `after_exit` unless it is said.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from nurture.activities.model import Kind as ActivityKind
from nurture.campaigns.model import Entrance, Existing
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Level, Occasion, Signal
from nurture.kernel.i18n import translate
from nurture.kernel.plugins import modules
from nurture.rules.facts import Facts, View
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles


class Kind(Protocol):
    """What an entry module offers; what drives it is optional, see the functions below."""

    SCHEMA: Mapping[str, Any]
    read: Callable[[Reading, Any, str], Any]
    describe: Callable[[Any, str, Titles], str]


def kinds() -> dict[str, Kind]:
    """Every kind of entry by its key."""
    return cast("dict[str, Kind]", modules(__name__))


def _part(kind: str, name: str) -> Any:
    return getattr(kinds()[kind], name, None)


def takes_existing(kind: str) -> bool:
    """Whether there may be leads who have what it asks for before it begins."""
    return _part(kind, "EXISTING") is not None


def needs_existing(kind: str) -> bool:
    """Whether the file must say what becomes of them."""
    return bool(_part(kind, "NEEDS_EXISTING"))


def recurs(entrance: Entrance) -> bool:
    """Whether it takes the same lead in another time."""
    ask = _part(entrance.kind, "recurs")
    return bool(ask(entrance.config)) if ask is not None else False


def hears(entrance: Entrance) -> frozenset[ActivityKind]:
    """After which kinds of activities it has to be asked."""
    ask = _part(entrance.kind, "hears")
    return ask(entrance.config) if ask is not None else frozenset()


def asks(entrance: Entrance, signal: Signal) -> bool:
    """Whether this activity is what it waits for."""
    return signal.kind in hears(entrance) and bool(_part(entrance.kind, "asks")(entrance.config, signal))


def is_conditional(entrance: Entrance) -> bool:
    """Whether more must hold than an activity itself tells, see `completes`."""
    return _part(entrance.kind, "completes") is not None


def completes(entrance: Entrance, signal: Signal, view: View, facts: Facts) -> bool:
    """Whether all holds that it waits for, the lead being as it is now."""
    ask = _part(entrance.kind, "completes")
    return bool(ask(entrance.config, signal, view, facts)) if ask is not None else True


def condition(entrance: Entrance) -> Rule | None:
    """What `completes` looks at, for a view of the lead."""
    return entrance.config.rule if is_conditional(entrance) else None


def level(entrance: Entrance) -> Level | None:
    """The points that have to be reached from below."""
    ask = _part(entrance.kind, "level")
    return ask(entrance.config) if ask is not None else None


def is_dated(entrance: Entrance) -> bool:
    """Whether it waits for a day of each lead's own."""
    return _part(entrance.kind, "occasions_of") is not None


def is_scheduled(entrance: Entrance) -> bool:
    """Whether it waits for instants that are the same for all leads."""
    return _part(entrance.kind, "occasions") is not None


def occasions(entrance: Entrance, since: datetime, until: datetime, zone: ZoneInfo) -> Sequence[Occasion]:
    """The instants after `since` and until `until` at which leads come in, the earliest first."""
    found: Sequence[Occasion] = _part(entrance.kind, "occasions")(entrance.config, since, until, zone)
    return found


def standing(entrance: Entrance) -> Rule | None:
    """The rule of those who have what it asks for already; None where nobody can."""
    ask = _part(entrance.kind, "standing")
    return ask(entrance.config) if ask is not None else None


def describe(entrance: Entrance, language: str, titles: Titles = UNTITLED) -> list[str]:
    """Who comes in, and what becomes of those there before: one or two sentences."""
    found = [kinds()[entrance.kind].describe(entrance.config, language, titles)]
    existing = _part(entrance.kind, "EXISTING")
    if existing is not None:
        enrolled, skipped = existing
        found.append(translate(language, enrolled if entrance.existing is Existing.ENROLL else skipped))
    return found
