"""`contains`: a piece of the text."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param(
            {"field": "company", "contains": "an phat"}, {"company": "Công ty TNHH An Phát"}, True, id="piece"
        ),
        pytest.param({"field": "trade", "contains": "%"}, {"trade": "abc"}, False, id="percent is a character"),
        pytest.param({"field": "company", "contains": "bình"}, {"company": "An Phát"}, False, id="not there"),
        pytest.param({"field": "company", "contains": "a"}, {}, False, id="no value"),
    ],
)
def test_contains_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "city", "contains": ""}, "when.contains", id="blank"),
        pytest.param({"field": "staff", "contains": "1"}, "when.contains", id="on a number"),
    ],
)
def test_contains_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
