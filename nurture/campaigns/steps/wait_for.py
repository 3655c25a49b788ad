"""Wait until something happens or holds, for so long at most.

`wait_for: {when: {clicked: {email: hello}}, within: 3 days, then: […], else: […]}`. `then` is gone at the instant at
which the rule came to hold, `else` when the time is over. An activity without a `within` of its own counts only when it
happened after the lead came here; with `since: entry`, after the lead entered the campaign. The time counts from the
arrival, or from a mail that went very late, as in `wait`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from nurture.campaigns.awaited import Awaited
from nurture.campaigns.effects import Go, Hold, Moment
from nurture.campaigns.reading import SPAN, Reading
from nurture.campaigns.spans import spoken
from nurture.kernel.i18n import translate
from nurture.rules.describe import describe as describe_rule
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles

LISTENS = True
_THEN, _ELSE = "then", "else"


class Since(StrEnum):
    """From when on activities count that say nothing of it themselves."""

    HERE = "here"  # since the lead came to this step
    ENTRY = "entry"  # since the lead entered the campaign


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "when": {"$ref": "#/$defs/rule"},
        "within": {"type": "string", "pattern": SPAN, "description": "How long to wait at most."},
        "since": {
            "enum": [one.value for one in Since],
            "description": "Which activities count: those since the lead came here (as usual), or since the entry.",
        },
        _THEN: {"$ref": "#/$defs/steps"},
        _ELSE: {"$ref": "#/$defs/steps"},
    },
    "required": ["when", "within"],
    "additionalProperties": False,
    "description": "Wait until the rule holds, then go one way; go the other when the time is over.",
}


@dataclass(frozen=True, slots=True)
class WaitFor:
    """For what, how long at most, and from when on activities count. No rule only while the file has findings."""

    when: Rule | None
    within: timedelta
    since: Since = Since.HERE


def read(reading: Reading, value: Any, path: str) -> WaitFor:
    """The rule and the length of time; the steps of both ways are read as all others are."""
    parts = reading.mapping(value, path, required=("when", "within"), optional=("since", _THEN, _ELSE))
    rule = reading.rule(parts["when"], f"{path}.when") if parts.get("when") is not None else None
    within = reading.span(parts["within"], f"{path}.within") if parts.get("within") is not None else None
    since = reading.choice(parts.get("since", Since.HERE.value), f"{path}.since", Since, Since.HERE)
    return WaitFor(rule, within or timedelta(minutes=1), since)


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of both ways; a way that is not written leads straight on."""
    return {way: value.get(way) or [] for way in (_THEN, _ELSE)} if isinstance(value, Mapping) else {}


def act(config: WaitFor, moment: Moment) -> Go | Hold:
    """Go as soon as the rule holds, or when the time is over."""
    over = moment.after(config.within)
    if config.when is None:
        return Go(_ELSE, _ELSE)
    entry = moment.entered if config.since is Since.ENTRY else None
    awaited = Awaited(config.when, moment.view, moment.facts, entry or moment.arrived, moment.arrived)
    seen = min(moment.now, over)
    if (held := awaited.first(seen)) is not None:
        late = held == seen and not moment.early
        return Go(_THEN, _THEN, at=min(held, moment.planned) if late else held)
    if moment.planned >= over:
        return Go(_ELSE, _ELSE)
    again = awaited.again(seen)
    return Hold(over if again is None else min(again, over))


def describe(config: WaitFor, language: str, titles: Titles = UNTITLED) -> str:
    """`Wait for this, at most 3 days: …`."""
    rule = describe_rule(config.when, language, titles=titles) if config.when is not None else "?"
    span = spoken(config.within, language)
    return translate(language, "Wait, at most %(span)s, until: %(rule)s", span=span, rule=rule)


def label(config: WaitFor, way: str, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - two ways
    """What leads to a way."""
    if way == _THEN:
        return translate(language, "As soon as it is so")
    return translate(language, "Not within %(span)s", span=spoken(config.within, language))
