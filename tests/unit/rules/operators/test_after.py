"""`after`: later than a local day, or than a span ago."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, NOW, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param(
            {"field": "created_at", "after": "2026-11-01"},
            {"created_at": datetime(2026, 11, 1, 17, 0, tzinfo=UTC)},
            True,
            id="the first instant after",
        ),
        pytest.param(
            {"field": "created_at", "after": "2026-11-01"},
            {"created_at": datetime(2026, 11, 1, 16, 59, 59, tzinfo=UTC)},
            False,
            id="the day itself",
        ),
        pytest.param(
            {"field": "created_at", "after": "30 days ago"},
            {"created_at": NOW - timedelta(days=30)},
            True,
            id="less long ago",
        ),
        pytest.param({"field": "ends", "after": "2026-11-02"}, {"ends": "2026-11-02"}, False, id="date of today"),
        pytest.param({"field": "ends", "after": "2026-11-02"}, {"ends": "2026-11-03"}, True, id="date to come"),
    ],
)
def test_after_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "created_at", "after": 2026}, "when.after", id="number"),
    ],
)
def test_after_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
