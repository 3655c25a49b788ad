"""`is`: the same value, case and accents aside."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"field": "city", "is": "ha noi"}, {"city": "Hà Nội"}, True, id="accents aside"),
        pytest.param({"field": "name", "is": "Đức"}, {"name": "DUC"}, True, id="d with stroke"),
        pytest.param({"field": "city", "is": "Hue\u0302\u0301"}, {"city": "Huế"}, True, id="decomposed text"),
        pytest.param({"field": "city", "is": "Hà Nội"}, {"city": "Huế"}, False, id="another value"),
        pytest.param({"field": "city", "is": "Hà Nội"}, {}, False, id="no value"),
        pytest.param({"field": "staff", "is": 5}, {"staff": 5.0}, True, id="number"),
        pytest.param({"field": "staff", "is": 5}, {"staff": "5"}, False, id="number kept as text"),
        pytest.param({"field": "vip", "is": True}, {"vip": True}, True, id="yes"),
        pytest.param({"field": "plan", "is": "nang cao"}, {"plan": "Nâng cao"}, True, id="choice"),
        pytest.param(
            {"field": "created_at", "is": "2026-11-02"},
            {"created_at": datetime(2026, 11, 1, 17, 0, tzinfo=UTC)},
            True,
            id="first instant of the local day",
        ),
        pytest.param(
            {"field": "created_at", "is": "2026-11-02"},
            {"created_at": datetime(2026, 11, 1, 16, 59, 59, 999999, tzinfo=UTC)},
            False,
            id="last instant of the day before",
        ),
        pytest.param({"field": "ends", "is": "2026-11-02"}, {"ends": "2026-11-02"}, True, id="date"),
        pytest.param(
            {"field": "phone", "is": "0901 234 567"}, {"phone": "+84901234567"}, True, id="local phone number"
        ),
    ],
)
def test_is_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "city", "is": "  "}, "when.is", id="blank"),
        pytest.param({"field": "city", "is": ["a"]}, "when.is", id="list"),
        pytest.param({"field": "plan", "is": "Gold"}, "when.is", id="unknown choice"),
        pytest.param({"field": "staff", "is": "5"}, "when.is", id="text for a number"),
    ],
)
def test_is_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
