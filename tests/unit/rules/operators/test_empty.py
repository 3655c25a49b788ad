"""`empty`: whether there is a value."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"field": "city", "empty": True}, {}, True, id="missing"),
        pytest.param({"field": "city", "empty": True}, {"city": " \t"}, True, id="blank"),
        pytest.param({"field": "city", "empty": True}, {"city": "Huế"}, False, id="filled"),
        pytest.param({"field": "city", "empty": False}, {"city": "Huế"}, True, id="filled is wanted"),
        pytest.param({"field": "city", "empty": False}, {}, False, id="missing is not wanted"),
        pytest.param({"field": "staff", "empty": True}, {"staff": "many"}, True, id="of another type"),
        pytest.param({"owner": "none"}, {}, True, id="no owner"),
        pytest.param({"owner": "any"}, {"owner": "mai@anphat.example"}, True, id="any owner"),
    ],
)
def test_empty_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "city", "empty": "yes"}, "when.empty", id="text"),
    ],
)
def test_empty_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
