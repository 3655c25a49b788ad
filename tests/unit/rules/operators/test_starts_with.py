"""`starts_with`: the beginning of the text."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"field": "phone", "starts_with": "090"}, {"phone": "+84901234567"}, True, id="beginning"),
        pytest.param({"field": "trade", "starts_with": "sản"}, {"trade": "Bất động sản"}, False, id="in the middle"),
        pytest.param(
            {"field": "trade", "starts_with": "bat dong"}, {"trade": "Bất động sản"}, True, id="accents aside"
        ),
        pytest.param({"field": "trade", "starts_with": "b"}, {}, False, id="no value"),
    ],
)
def test_starts_with_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "created_at", "starts_with": "2026"}, "when.starts_with", id="on an instant"),
    ],
)
def test_starts_with_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
