"""`in_last`: within a span up to now."""

from datetime import timedelta
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, NOW, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param(
            {"field": "created_at", "in_last": "7 days"},
            {"created_at": NOW - timedelta(days=7)},
            True,
            id="at the edge",
        ),
        pytest.param(
            {"field": "created_at", "in_last": "7 days"},
            {"created_at": NOW - timedelta(days=7, microseconds=1)},
            False,
            id="over the edge",
        ),
        pytest.param(
            {"field": "created_at", "in_last": "7 days"},
            {"created_at": NOW + timedelta(seconds=1)},
            False,
            id="to come",
        ),
        pytest.param({"field": "last_activity_at", "in_last": "7 days"}, {}, False, id="never"),
        pytest.param({"field": "created_at", "in_last": "7 ngày"}, {"created_at": NOW}, True, id="Vietnamese span"),
        pytest.param({"field": "ends", "in_last": "30 days"}, {"ends": "2026-10-03"}, True, id="date"),
        pytest.param({"field": "ends", "in_last": "30 days"}, {"ends": "2026-11-03"}, False, id="date to come"),
    ],
)
def test_in_last_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "created_at", "in_last": 30}, "when.in_last", id="a bare number"),
        pytest.param({"field": "created_at", "in_last": "2 months"}, "when.in_last", id="months differ"),
        pytest.param({"field": "created_at", "in_last": "0 days"}, "when.in_last", id="nothing"),
    ],
)
def test_in_last_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
