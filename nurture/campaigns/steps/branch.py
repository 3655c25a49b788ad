"""Go one of several ways, by rules. It looks when it comes due and never waits; `within` in a rule looks back.

Two ways: `branch: {when: …, then: […], else: […]}`. Many ways, of which the first whose rule holds is taken:
`branch: {ways: [{when: …, then: […]}, {when: …, then: […]}], else: […]}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.describe import describe as describe_rule
from nurture.rules.model import Rule
from nurture.rules.quick import holds
from nurture.rules.titles import UNTITLED, Titles

MOST_WAYS = 20
_THEN, _ELSE = "then", "else"
_RULE, _STEPS = {"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/steps"}


def _form(properties: Mapping[str, Any], required: str, description: str = "") -> dict[str, Any]:
    said = {"description": description} if description else {}
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [required],
        "additionalProperties": False,
        **said,
    }


_WAY = _form({"when": _RULE, _THEN: _STEPS}, "when")
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        _form(
            {"when": _RULE, _THEN: _STEPS, _ELSE: _STEPS},
            "when",
            "Go one of two ways, by a rule that is looked at when the step comes due.",
        ),
        _form(
            {"ways": {"type": "array", "items": _WAY, "minItems": 1, "maxItems": MOST_WAYS}, _ELSE: _STEPS},
            "ways",
            "Go the first way whose rule holds when the step comes due.",
        ),
    ]
}


@dataclass(frozen=True, slots=True)
class Branch:
    """By which rules, in their order; None only while the file has findings. Two ways are `then` and `else`."""

    rules: tuple[Rule | None, ...]
    many: bool = False


def read(reading: Reading, value: Any, path: str) -> Branch:
    """The rules; the steps of all ways are read as all others are."""
    if not isinstance(value, Mapping) or "ways" not in value:
        parts = reading.mapping(value, path, required=("when",), optional=(_THEN, _ELSE))
        return Branch((_rule(reading, parts, path),))
    parts = reading.mapping(value, path, required=("ways",), optional=(_ELSE,))
    listed = parts.get("ways")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_WAYS:
        message = N_("A list of 1 to %(limit)s ways belongs here")
        reading.wrong("not_ways", f"{path}.ways", message, N_("such as: - {when: …, then: […]}"), limit=MOST_WAYS)
        return Branch((), many=True)
    rules = []
    for i, one in enumerate(listed):
        place = f"{path}.ways[{i}]"
        rules.append(_rule(reading, reading.mapping(one, place, required=("when",), optional=(_THEN,)), place))
    return Branch(tuple(rules), many=True)


def _rule(reading: Reading, parts: Mapping[str, Any], path: str) -> Rule | None:
    return reading.rule(parts["when"], f"{path}.when") if parts.get("when") is not None else None


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of all ways; a way that is not written leads straight on."""
    if not isinstance(value, Mapping):
        return {}
    if "ways" not in value:
        return {way: value.get(way) or [] for way in (_THEN, _ELSE)}
    listed = value["ways"] if isinstance(value["ways"], list) else []
    found = {f"way_{i}": one.get(_THEN) or [] for i, one in enumerate(listed, 1) if isinstance(one, Mapping)}
    return {**found, _ELSE: value.get(_ELSE) or []}


def place(way: str) -> str:
    """`then`, `ways[0].then`."""
    return f"ways[{int(way.removeprefix('way_')) - 1}].then" if way.startswith("way_") else way


def act(config: Branch, moment: Moment) -> Go:
    """The first way whose rule holds, else `else`."""
    for number, rule in enumerate(config.rules, 1):
        if rule is not None and holds(rule, moment.view, moment.now, moment.facts):
            way = f"way_{number}" if config.many else _THEN
            return Go(way, way)
    return Go(_ELSE, _ELSE)


def describe(config: Branch, language: str, titles: Titles = UNTITLED) -> str:
    """`If: …`; `By what holds first, one of 3 ways`."""
    if config.many:
        count = len(config.rules) + 1
        return translate(language, "The first of %(count)s ways whose condition holds", count=count)
    return translate(language, "If: %(rule)s", rule=_said(config.rules[0], language, titles))


def label(config: Branch, way: str, language: str, titles: Titles = UNTITLED) -> str:
    """The condition of one of many ways; `Yes` and `No` of two."""
    if not config.many:
        return translate(language, "Yes") if way == _THEN else translate(language, "No")
    if way == _ELSE:
        return translate(language, "None of these")
    return _said(config.rules[int(way.removeprefix("way_")) - 1], language, titles)


def _said(rule: Rule | None, language: str, titles: Titles) -> str:
    return describe_rule(rule, language, titles=titles) if rule is not None else "?"
