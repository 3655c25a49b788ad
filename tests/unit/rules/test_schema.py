"""The JSON Schema takes what the parser takes, and underlines what it does not know."""

import re
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from nurture.rules.schema import definitions
from tests.unit.rules.ask import FACTS

DEFINITIONS = definitions(FACTS)
_TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value is valid, by the words of JSON Schema that ours uses."""
    if "$ref" in schema:
        return fits(value, DEFINITIONS[schema["$ref"].rpartition("/")[2]])
    checks = {
        "anyOf": lambda one: any(fits(value, each) for each in one),
        "not": lambda one: not fits(value, one),
        "const": lambda one: value == one,
        "enum": lambda one: value in one,
        "type": lambda one: _is(value, one),
        "pattern": lambda one: not isinstance(value, str) or re.search(one, value) is not None,
        "minimum": lambda one: not isinstance(value, int) or value >= one,
        "minItems": lambda one: not isinstance(value, list) or len(value) >= one,
        "maxItems": lambda one: not isinstance(value, list) or len(value) <= one,
        "items": lambda one: not isinstance(value, list) or all(fits(each, one) for each in value),
        "minProperties": lambda one: not isinstance(value, dict) or len(value) >= one,
        "required": lambda one: not isinstance(value, dict) or set(one) <= value.keys(),
        "properties": lambda one: (
            not isinstance(value, dict) or all(fits(value[key], each) for key, each in one.items() if key in value)
        ),
        "additionalProperties": lambda _: not isinstance(value, dict) or value.keys() <= schema["properties"].keys(),
        "examples": lambda _: True,
    }
    return all(checks[word](one) for word, one in schema.items())


def _is(value: Any, kinds: str | list[str]) -> bool:
    listed = [kinds] if isinstance(kinds, str) else kinds
    return any(isinstance(value, _TYPES[kind]) and (kind == "boolean" or value is not True) for kind in listed)


GOOD: list[dict[str, Any]] = [
    {"tag": "vip"},
    {"tag": {"has_all": ["vip", "gold"], "has_none": "old"}},
    {"segment": ["a", "b"]},
    {"temperature": ["warm", "hot"]},
    {"owner": "none"},
    {"engagement": {"at_least": 30, "less_than": 70}},
    {"field": "staff", "between": [10, 50]},
    {"field": "ends", "anniversary": "today"},
    {"field": "ends", "in_next": "7 days"},
    {"field": "trade", "contains": "bánh"},
    {"field": "created_at", "on": "2026-11-22"},
    {"field": "its_own_field", "starts_with": "x"},
    {"company": {"size": {"at_least": 10}, "domain": "a.example"}},
    {"company": "An Phát"},
    {"opportunity": "open"},
    {"opportunity": {"state": "never"}},
    {"opportunity": {"stage": "proposal", "value": {"at_least": 1_000_000}, "within": "30 days"}},
    {"campaign": {"key": "welcome", "state": ["completed", "exited"]}},
    {"clicked": {"email": "hello", "at_least": 2, "within": "14 days"}},
    {"clicked": {}},
    {"never": {"opened": {"within": "90 days"}}},
    {"page_visited": {"path": "/bang-gia", "exactly": 2}},
    {"called": {"outcome": ["no_answer", "busy"]}},
    {"none": [{"any": [{"tagged": {"tag": "vip"}}, {"lifecycle": "customer"}]}]},
]
BAD: list[Any] = [
    {"tags": "vip"},
    {"tag": "vip", "segment": "a"},
    {"temperature": "boiling"},
    {"engagement": 30},
    {"clicked": {"outcome": "busy"}},
    {"called": {"outcome": "asleep"}},
    {"opened": {"times": "two"}},
    {"opportunity": {"colour": "red"}},
    {"field": "created_at", "contains": "x"},
    {"field": "score", "at_least": "many"},
    {"field": "city"},
    {"never": {"tag": "vip"}},
    {"all": []},
    ["tag"],
]


@pytest.mark.parametrize("when", GOOD, ids=str)
def test_what_can_be_read_is_valid(when: dict[str, Any]) -> None:
    """Every form of a condition."""
    known = {"field": "trade", "starts_with": "x"} if when.get("field") == "its_own_field" else when
    parse(known, FACTS)
    assert fits(when, DEFINITIONS["rule"])


@pytest.mark.parametrize("when", BAD, ids=str)
def test_what_cannot_be_read_is_underlined(when: Any) -> None:
    """A wrong word, a wrong value, two conditions in one."""
    with pytest.raises(DefinitionError):
        parse(when, FACTS)
    assert not fits(when, DEFINITIONS["rule"])
