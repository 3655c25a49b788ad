"""`before`: earlier than a local day, or than a span ago."""

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
            {"field": "created_at", "before": "2026-11-02"},
            {"created_at": datetime(2026, 11, 1, 16, 59, 59, tzinfo=UTC)},
            True,
            id="the instant before",
        ),
        pytest.param(
            {"field": "created_at", "before": "2026-11-02"},
            {"created_at": datetime(2026, 11, 1, 17, 0, tzinfo=UTC)},
            False,
            id="the day itself",
        ),
        pytest.param(
            {"field": "created_at", "before": "30 days ago"},
            {"created_at": NOW - timedelta(days=30, seconds=1)},
            True,
            id="longer ago",
        ),
        pytest.param(
            {"field": "created_at", "before": "30 days ago"},
            {"created_at": NOW - timedelta(days=30)},
            False,
            id="exactly as long ago",
        ),
        pytest.param(
            {"field": "created_at", "before": "2026-11-02T02:00:00+00:00"}, {"created_at": NOW}, False, id="an instant"
        ),
        pytest.param({"field": "ends", "before": "2026-11-02"}, {"ends": "2026-11-01"}, True, id="date"),
        pytest.param({"field": "ends", "before": "2026-11-02"}, {"ends": "1/1/2020"}, False, id="text that is no date"),
        pytest.param({"field": "last_activity_at", "before": "1 day ago"}, {}, False, id="never"),
    ],
)
def test_before_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "created_at", "before": "tomorrow"}, "when.before", id="no day"),
        pytest.param({"field": "created_at", "before": "2026-02-30"}, "when.before", id="no such day"),
        pytest.param({"field": "created_at", "before": "2026-02-03T10:00"}, "when.before", id="no offset"),
        pytest.param({"field": "created_at", "before": "2 moons ago"}, "when.before", id="no span"),
    ],
)
def test_before_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
