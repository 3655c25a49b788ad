"""`more_than_ago`: longer ago than the span."""

from datetime import timedelta

import pytest

from tests.unit.rules.ask import NOW, holds

DAY = timedelta(days=1)


@pytest.mark.parametrize(("ago", "expected"), [(7 * DAY, False), (7.001 * DAY, True), (-DAY, False)])
def test_an_instant_is_longer_ago(ago: timedelta, expected: bool) -> None:
    """The border is not over it."""
    assert holds({"field": "last_activity_at", "more_than_ago": "7 days"}, {"last_activity_at": NOW - ago}) is expected


@pytest.mark.parametrize(("day", "expected"), [("2026-10-26", False), ("2026-10-25", True), (None, False)])
def test_a_date_is_longer_ago(day: str | None, expected: bool) -> None:
    """By local days; no date is never long ago."""
    assert holds({"field": "ends", "more_than_ago": "7 days"}, {"ends": day}) is expected
