"""`is_not`: the opposite of `is`, leads without a value included."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"field": "city", "is_not": "Hà Nội"}, {"city": "Huế"}, True, id="another value"),
        pytest.param({"field": "city", "is_not": "Hà Nội"}, {"city": "HA NOI"}, False, id="the value"),
        pytest.param({"field": "city", "is_not": "Hà Nội"}, {}, True, id="no value"),
        pytest.param({"none": [{"field": "city", "is_not": "Hà Nội"}]}, {}, False, id="no value under none"),
    ],
)
def test_is_not_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "city", "is_not": None}, "when.is_not", id="null"),
    ],
)
def test_is_not_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
