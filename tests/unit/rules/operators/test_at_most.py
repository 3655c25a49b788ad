"""`at_most`: this number or less."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"engagement": {"at_most": 30}}, {"engagement": 30}, True, id="at the edge"),
        pytest.param({"engagement": {"at_most": 30}}, {"engagement": 31}, False, id="above"),
        pytest.param({"engagement": {"at_most": 30}}, {"engagement": 29}, True, id="below"),
        pytest.param({"field": "staff", "at_most": 30}, {}, False, id="no value"),
        pytest.param({"field": "staff", "at_most": 0.1}, {"staff": 0.1}, True, id="fraction"),
    ],
)
def test_at_most_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"engagement": {"at_most": "30"}}, "when.engagement.at_most", id="text"),
        pytest.param({"fit": {"at_most": float("nan")}}, "when.fit.at_most", id="not a number"),
        pytest.param({"fit": {"at_most": True}}, "when.fit.at_most", id="true"),
        pytest.param({"field": "city", "at_most": 3}, "when.at_most", id="on text"),
    ],
)
def test_at_most_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
