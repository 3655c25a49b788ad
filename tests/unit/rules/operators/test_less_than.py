"""`less_than`: less than this number."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"engagement": {"less_than": 30}}, {"engagement": 30}, False, id="at the edge"),
        pytest.param({"engagement": {"less_than": 30}}, {"engagement": 31}, False, id="above"),
        pytest.param({"engagement": {"less_than": 30}}, {"engagement": 29}, True, id="below"),
        pytest.param({"field": "staff", "less_than": 30}, {}, False, id="no value"),
        pytest.param({"field": "staff", "less_than": 0.1}, {"staff": 0.1}, False, id="fraction"),
    ],
)
def test_less_than_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"engagement": {"less_than": "30"}}, "when.engagement.less_than", id="text"),
        pytest.param({"fit": {"less_than": float("nan")}}, "when.fit.less_than", id="not a number"),
        pytest.param({"fit": {"less_than": True}}, "when.fit.less_than", id="true"),
        pytest.param({"field": "city", "less_than": 3}, "when.less_than", id="on text"),
    ],
)
def test_less_than_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
