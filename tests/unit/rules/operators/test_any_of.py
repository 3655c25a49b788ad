"""`any_of`: one of several values."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        pytest.param({"field": "city", "any_of": ["Huế", "Hà Nội"]}, {"city": "ha noi"}, True, id="one of them"),
        pytest.param({"field": "city", "any_of": ["Huế", "Hà Nội"]}, {"city": "Đà Lạt"}, False, id="none of them"),
        pytest.param({"field": "city", "any_of": ["Huế"]}, {}, False, id="no value"),
        pytest.param({"temperature": ["warm", "hot"]}, {"temperature": "hot"}, True, id="direct"),
        pytest.param({"owner": "Mai@AnPhat.example"}, {"owner": "mai@anphat.example"}, True, id="owner"),
    ],
)
def test_any_of_compares(when: dict[str, Any], values: dict[str, Any], expected: bool) -> None:
    """The table holds: condition, the lead's values, the answer."""
    assert holds(when, values) is expected


@pytest.mark.parametrize(
    ("when", "path"),
    [
        pytest.param({"field": "city", "any_of": "Huế"}, "when.any_of", id="no list"),
        pytest.param({"field": "city", "any_of": []}, "when.any_of", id="empty"),
        pytest.param({"field": "staff", "any_of": list(range(501))}, "when.any_of", id="too many"),
    ],
)
def test_any_of_refuses_what_it_cannot_compare(when: dict[str, Any], path: str) -> None:
    """The finding names the path of the value."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [path]
