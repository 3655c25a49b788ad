"""The JSON Schema of a rule, made of facts and comparisons, so that an editor completes and underlines. Pure.

An installation's own fields may stand beside the built-in ones: of them only the comparisons are known.
"""

from typing import Any

from nurture.rules.facts import Event, Facet, Fact, Facts, Records, Type
from nurture.rules.model import MOST_VALUES
from nurture.rules.operators import of_type, operators

SPAN = r"^\s*[0-9]+\s*\S+\s*$"
_TEXT = {"type": ["string", "number"]}
_SPAN = {"type": "string", "pattern": SPAN, "examples": ["30 days", "12 hours"]}
_DAY = {"type": "string", "examples": ["2026-11-22", "30 days ago"]}
_COUNT = {"type": "integer", "minimum": 0}
_DOCUMENTED: dict[str, dict[str, Any]] = {
    "in_last": _SPAN,
    "in_next": _SPAN,
    "more_than_ago": _SPAN,
    "before": _DAY,
    "after": _DAY,
    "on": _DAY,
    "anniversary": {"type": "string", "examples": ["today", "7 days"]},
    "empty": {"type": "boolean"},
}


def definitions(facts: Facts) -> dict[str, Any]:
    """The definitions of a schema: `rule` is one condition, the others are what it is made of."""
    parts = {f"did_{key}": _event(one) for key, one in facts.events.items()}
    parts |= {f"{key}_record": _records(one) for key, one in facts.records.items()}
    plain = {one.type: one for one in _facts(facts) if not one.choices}
    parts |= {f"by_{kind.value}": _direct(one) for kind, one in sorted(plain.items())}
    return {"words": _some(_TEXT), "narrowed": _narrowed(), **parts, "rule": _rule(facts)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _facts(facts: Facts) -> list[Fact]:
    """Every fact, those of records too."""
    return [*facts.values.values(), *(one for records in facts.records.values() for one in records.parts.values())]


def _asked(fact: Fact) -> dict[str, Any]:
    """What may stand after the word of a fact."""
    return _direct(fact) if fact.choices else _ref(f"by_{fact.type.value}")


def _rule(facts: Facts) -> dict[str, Any]:
    group = {"type": "array", "items": _ref("rule"), "minItems": 1}
    found = [_object({join: group}) for join in ("all", "any", "none")]
    found += [_object({key: _ref("narrowed")}) for key in facts.sets]
    found += [_object({fact.key: _asked(fact)}) for fact in facts.values.values() if fact.direct]
    found += [_object({key: _facet(facts, one)}) for key, one in facts.facets.items()]
    found += [_object({key: _ref(f"{key}_record")}) for key in facts.records]
    done = [_object({key: _ref(f"did_{key}")}) for key in facts.events]
    return {"anyOf": [*found, *done, _object({"never": {"anyOf": done}}), *_fields(facts)]}


def _object(properties: dict[str, Any], required: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
    names = {"required": sorted(properties)} if required else {}
    return {"type": "object", "properties": properties, **names, "additionalProperties": False}


def _some(one: dict[str, Any]) -> dict[str, Any]:
    """One, or a list of them."""
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}]}


def _narrowed() -> dict[str, Any]:
    """Names: one, a list of which one is enough, or more exactly."""
    narrowed = _object(dict.fromkeys(("has_any", "has_all", "has_none"), _ref("words")), required=False)
    return {"anyOf": [_ref("words"), {**narrowed, "minProperties": 1}]}


def _one(fact: Fact) -> dict[str, Any]:
    """One value of the fact's type."""
    match fact.type:
        case Type.NUMBER:
            return {"type": "number"}
        case Type.YES_NO:
            return {"type": "boolean"}
        case Type.INSTANT | Type.DATE:
            return _DAY
        case _:
            return {"enum": list(fact.choices)} if fact.choices else _TEXT


def _value(fact: Fact, word: str) -> dict[str, Any]:
    """What a comparison takes."""
    if word in _DOCUMENTED:
        return _DOCUMENTED[word]
    one = _one(fact)
    if word == "between":
        return {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
    if word == "any_of":
        return {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
    return _ref("words") if word.startswith("has_") else one


def _comparisons(fact: Fact) -> dict[str, Any]:
    return {word: _value(fact, word) for word in of_type(fact.type)}


def _direct(fact: Fact) -> dict[str, Any]:
    """A bare value, a list of values, or comparisons."""
    compared = {**_object(_comparisons(fact), required=False), "minProperties": 1}
    if fact.type is Type.NUMBER:
        return compared
    bare = _some(_one(fact)) if fact.type not in {Type.INSTANT, Type.DATE, Type.YES_NO} else {"anyOf": [_one(fact)]}
    return {"anyOf": [*bare["anyOf"], compared]}


def _facet(facts: Facts, facet: Facet) -> dict[str, Any]:
    parts = {part: _asked(facts.values[key]) for part, key in facet.parts.items()}
    first = next(iter(parts.values()))
    return {"anyOf": [first, {**_object(parts, required=False), "minProperties": 1}]}


def _records(records: Records) -> dict[str, Any]:
    parts = {part: _asked(fact) for part, fact in records.parts.items()}
    parts["state"] = {"anyOf": [parts["state"], {"const": "never"}]}
    first = next(iter(parts.values()))
    return {"anyOf": [first, {"enum": ["none", "any"]}, _object({**parts, "within": _SPAN}, required=False)]}


def _event(event: Event) -> dict[str, Any]:
    parts = {part: {"type": "string"} if part == "link" else _ref("words") for part in sorted(event.parts)}
    if event.about is not None:
        parts[event.about.part] = _some({"enum": list(event.about.choices)}) if event.about.choices else _ref("words")
    counts = dict.fromkeys(("at_least", "at_most", "exactly", "times"), _COUNT)
    return {"anyOf": [{"type": "null"}, _object({**parts, **counts, "within": _SPAN}, required=False)]}


def _fields(facts: Facts) -> list[dict[str, Any]]:
    """`{field: …}` by type, and of an installation's own fields whatever any type takes."""
    alike: dict[str, list[Fact]] = {}
    for fact in facts.values.values():
        alike.setdefault(f"{fact.type.value}{fact.choices}", []).append(fact)
    found = []
    for same in alike.values():
        named = {"field": {"enum": [fact.key for fact in same]}, **_comparisons(same[0])}
        found.append({**_object(named, required=False), "required": ["field"], "minProperties": 2})
    own = {"field": {"type": "string", "not": {"enum": sorted(facts.values)}}, **{word: {} for word in operators()}}
    return [*found, {**_object(own, required=False), "required": ["field"], "minProperties": 2}]
