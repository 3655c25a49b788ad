"""`in_next`: this far ahead, today included; what is past is not in it."""

from datetime import timedelta

import pytest

from tests.unit.rules.ask import NOW, holds

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-02", True),  # today
        ("2026-11-09", True),  # the last day
        ("2026-11-10", False),
        ("2026-11-01", False),  # yesterday
        (None, False),
    ],
)
def test_a_date_lies_within_the_days_to_come(day: str | None, expected: bool) -> None:
    """By local days."""
    assert holds({"field": "ends", "in_next": "7 days"}, {"ends": day}) is expected


@pytest.mark.parametrize(
    ("ahead", "expected"), [(timedelta(0), True), (7 * DAY, True), (7.001 * DAY, False), (-0.001 * DAY, False)]
)
def test_an_instant_lies_within_the_span_to_come(ahead: timedelta, expected: bool) -> None:
    """To the microsecond."""
    assert holds({"field": "paused_at", "in_next": "7 days"}, {"paused_at": NOW + ahead}) is expected
