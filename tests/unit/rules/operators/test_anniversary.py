"""`anniversary`: a month and day that come round."""

from datetime import UTC, datetime

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import View
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, holds


@pytest.mark.parametrize(
    ("born", "when", "expected"),
    [
        ("1990-11-02", "today", True),
        ("2026-11-02", "today", True),
        ("1990-11-03", "today", False),
        ("1990-11-09", "7 days", True),
        ("1990-11-10", "7 days", False),
        ("1990-11-01", "7 days", False),  # just gone
        ("1990-01-05", "90 days", True),  # past the turn of the year
        (None, "today", False),
    ],
)
def test_the_day_comes_round(born: str | None, when: str, expected: bool) -> None:
    """Whatever the year."""
    assert holds({"field": "ends", "anniversary": when}, {"ends": born}) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2027, 2, 28, 3, tzinfo=UTC), True),  # a year without the day
        (datetime(2028, 2, 28, 3, tzinfo=UTC), False),
        (datetime(2028, 2, 29, 3, tzinfo=UTC), True),
        (datetime(2027, 2, 27, 18, tzinfo=UTC), True),  # the 28th already where the house is
        (datetime(2027, 3, 1, 3, tzinfo=UTC), False),
    ],
)
def test_a_leap_day_comes_every_year(now: datetime, expected: bool) -> None:
    """On 28 February where there is no 29th."""
    rule = parse({"field": "ends", "anniversary": "today"}, FACTS)
    assert evaluate(rule, View(1, {"ends": "2024-02-29"}), now, FACTS).holds is expected


@pytest.mark.parametrize("value", ["366 days", "5 hours", "soon", 3])
def test_only_days_below_a_year_are_asked_for(value: object) -> None:
    """Anything else is a finding."""
    with pytest.raises(DefinitionError):
        parse({"field": "ends", "anniversary": value}, FACTS)
