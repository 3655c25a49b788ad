"""Send leads different ways and compare what comes of it.

`split: {ways: {a: {weight: 50, steps: […]}, b: {weight: 50, steps: […]}}, winner: {by: clicks, after: 7 days,
least: 100}}`. The way hangs on campaign, step and lead alone, so the same lead goes the same way whenever and wherever
it is asked. Once a winner is chosen, by the figures or by a person (`winner: by_hand`, or none), newcomers go that way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from nurture.campaigns.draw import choose, draw
from nurture.campaigns.effects import Go, Moment
from nurture.campaigns.reading import SPAN, Reading
from nurture.campaigns.spans import spoken
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

MOST_WAYS = 10
HEAVIEST = 1000
LEAST = 100
BY_HAND = "by_hand"


class By(StrEnum):
    """What makes a way better: how many of its leads…"""

    CLICKS = "clicks"  # click in an email of the campaign after the split
    GOAL = "goal"  # reach the campaign's goal


_SHARE = {"type": "integer", "minimum": 1, "maximum": HEAVIEST}
_WAY = {
    "type": "object",
    "properties": {"weight": _SHARE, "steps": {"$ref": "#/$defs/steps"}},
    "required": ["weight"],
    "additionalProperties": False,
}
_WINNER = {
    "type": "object",
    "properties": {
        "by": {"enum": [one.value for one in By], "description": "What makes a way better."},
        "after": {"type": "string", "pattern": SPAN, "description": "How long after the first lead it is looked at."},
        "least": {"type": "integer", "minimum": 10, "maximum": 1_000_000, "description": "Leads each way needs."},
    },
    "required": ["by", "after"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "ways": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]{0,79}$"},
            "additionalProperties": _WAY,
            "minProperties": 2,
            "maxProperties": MOST_WAYS,
        },
        "winner": {"anyOf": [{"const": BY_HAND}, _WINNER]},
    },
    "required": ["ways"],
    "additionalProperties": False,
    "description": "Send leads different ways and compare what comes of it.",
}


@dataclass(frozen=True, slots=True)
class Winner:
    """How the better way is found by itself."""

    by: By
    after: timedelta
    least: int = LEAST


@dataclass(frozen=True, slots=True)
class Split:
    """The ways with their weights, how a winner is found (None: a person chooses), and whose leads are drawn."""

    weights: Mapping[str, int]
    winner: Winner | None = None
    campaign: str = ""


def read(reading: Reading, value: Any, path: str) -> Split:
    """Two ways or more, each with a weight."""
    parts = reading.mapping(value, path, required=("ways",), optional=("winner",))
    weights = _weights(reading, parts.get("ways"), f"{path}.ways") if parts.get("ways") is not None else {}
    winner = _winner(reading, parts.get("winner", BY_HAND), f"{path}.winner")
    return Split(weights, winner, str(reading.of_campaign("key") or ""))


def _weights(reading: Reading, data: Any, path: str) -> dict[str, int]:
    if not isinstance(data, Mapping) or not 2 <= len(data) <= MOST_WAYS:
        message, mend = N_("2 to %(limit)s ways belong here"), N_("such as: {a: {weight: 50}, b: {weight: 50}}")
        reading.wrong("not_ways", path, message, mend, limit=MOST_WAYS)
        return {}
    found = {}
    for way, one in data.items():
        place = f"{path}.{way}"
        key = reading.key(way, place)
        if key == "skipped":
            reading.wrong("bad_key", place, N_("A way cannot be called “%(word)s”"), word=key)
        parts = reading.mapping(one, place, required=("weight",), optional=("steps",))
        if key and "weight" in parts:
            found[key] = _number(reading, parts["weight"], f"{place}.weight", 1, HEAVIEST)
    return found


def _winner(reading: Reading, data: Any, path: str) -> Winner | None:
    if data == BY_HAND:
        return None
    if not isinstance(data, Mapping):
        mend = N_("by_hand, or such as: {by: clicks, after: 7 days, least: 100}")
        reading.wrong("no_winner", path, N_("It is not said how the winner is found"), mend)
        return None
    parts = reading.mapping(data, path, required=("by", "after"), optional=("least",))
    by = reading.choice(parts.get("by", By.CLICKS.value), f"{path}.by", By, By.CLICKS)
    if by is By.GOAL and reading.of_campaign("goal") is None:
        message, mend = N_("The campaign has no goal to compare by"), N_("say what the campaign is for: goal: …")
        reading.wrong("no_goal", f"{path}.by", message, mend)
    after = reading.span(parts["after"], f"{path}.after") if "after" in parts else None
    least = _number(reading, parts.get("least", LEAST), f"{path}.least", 10, 1_000_000)
    return Winner(by, after or timedelta(days=1), least)


def _number(reading: Reading, data: Any, path: str, low: int, high: int) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or not low <= data <= high:
        message = N_("A whole number from %(low)s to %(high)s belongs here")
        reading.wrong("not_a_number", path, message, low=low, high=high)
        return low
    return data


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of all ways; a way without steps leads straight on."""
    listed = value.get("ways") if isinstance(value, Mapping) else None
    if not isinstance(listed, Mapping):
        return {}
    return {str(way): one.get("steps") or [] for way, one in listed.items() if isinstance(one, Mapping)}


def place(way: str) -> str:
    """`ways.a.steps`."""
    return f"ways.{way}.steps"


def act(config: Split, moment: Moment) -> Go:
    """The way that has won, else the lead's own."""
    way = moment.chosen
    if way not in config.weights:
        way = choose(config.weights, draw("split", config.campaign, moment.step, moment.lead_key))
    return Go(way, way)


def describe(config: Split, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Compare 2 ways by clicks, after 7 days`."""
    count = len(config.weights)
    if config.winner is None:
        return translate(language, "Compare %(count)s ways; a person chooses the winner", count=count)
    span = spoken(config.winner.after, language)
    if config.winner.by is By.CLICKS:
        return translate(language, "Compare %(count)s ways by clicks, after %(span)s", count=count, span=span)
    return translate(language, "Compare %(count)s ways by the goal, after %(span)s", count=count, span=span)


def label(config: Split, way: str, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - its own names
    """A way's name and its share of the leads."""
    share = round(100 * config.weights.get(way, 0) / (sum(config.weights.values()) or 1))
    return translate(language, "Way %(way)s, %(share)s%%", way=way, share=share)
