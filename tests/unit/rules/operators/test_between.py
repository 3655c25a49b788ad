"""`between`: both ends are in it."""

from datetime import UTC, datetime

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(("staff", "expected"), [(9, False), (10, True), (50, True), (50.1, False), (None, False)])
def test_a_number_is_between(staff: float | None, expected: bool) -> None:
    """From the first to the last."""
    assert holds({"field": "staff", "between": [10, 50]}, {"staff": staff}) is expected


def test_days_are_whole() -> None:
    """The last day counts to its end."""
    when = {"field": "created_at", "between": ["2026-11-01", "2026-11-02"]}
    assert holds(when, {"created_at": datetime(2026, 11, 2, 16, 59, tzinfo=UTC)})
    assert not holds(when, {"created_at": datetime(2026, 11, 2, 17, tzinfo=UTC)})
    assert holds({"field": "ends", "between": ["2026-11-01", "2026-11-02"]}, {"ends": "2026-11-02"})


@pytest.mark.parametrize("value", [[1], [1, 2, 3], [5, 1], 5, ["a", "b"]])
def test_what_is_no_pair_is_a_finding(value: object) -> None:
    """Two of a kind, the smaller first."""
    with pytest.raises(DefinitionError):
        parse({"field": "staff", "between": value}, FACTS)
