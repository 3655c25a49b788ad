"""Go one of two ways, by a rule. It looks when it comes due and never waits; `within` in the rule looks back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.describe import describe as describe_rule
from nurture.rules.evaluate import evaluate
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "when": {"$ref": "#/$defs/rule"},
        "then": {"$ref": "#/$defs/steps"},
        "else": {"$ref": "#/$defs/steps"},
    },
    "required": ["when"],
    "additionalProperties": False,
    "description": "Go one of two ways, by a rule that is looked at when the step comes due.",
}
_WAYS = ("then", "else")


@dataclass(frozen=True, slots=True)
class Branch:
    """By which rule. None only while the file has findings."""

    when: Rule | None


def read(reading: Reading, value: Any, path: str) -> Branch:
    """The rule; the steps of both ways are read as all others are."""
    parts = reading.mapping(value, path, required=("when",), optional=_WAYS)
    return Branch(reading.rule(parts["when"], f"{path}.when") if parts.get("when") is not None else None)


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of both ways; a way that is not written leads straight on."""
    return {way: value.get(way) or [] for way in _WAYS} if isinstance(value, Mapping) else {}


def act(config: Branch, moment: Moment) -> Go:
    """`then` when the rule holds, else `else`."""
    holds = config.when is not None and evaluate(config.when, moment.view, moment.now, moment.facts).holds
    way = "then" if holds else "else"
    return Go(way, way)


def describe(config: Branch, language: str, titles: Titles = UNTITLED) -> str:
    """`If …`."""
    rule = describe_rule(config.when, language, titles=titles) if config.when is not None else "?"
    return translate(language, "If: %(rule)s", rule=rule)
