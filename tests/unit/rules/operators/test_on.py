"""`on`: a local day."""

from datetime import UTC, datetime

import pytest

from tests.unit.rules.ask import holds


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 10, 31, 17, tzinfo=UTC), True),  # midnight where the house is
        (datetime(2026, 11, 1, 16, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 1, 17, tzinfo=UTC), False),
        (None, False),
    ],
)
def test_an_instant_is_on_a_local_day(at: datetime | None, expected: bool) -> None:
    """From midnight to midnight."""
    assert holds({"field": "created_at", "on": "2026-11-01"}, {"created_at": at}) is expected


def test_a_date_is_the_day() -> None:
    """As it is written."""
    assert holds({"field": "ends", "on": "2026-11-01"}, {"ends": "2026-11-01"})
    assert not holds({"field": "ends", "on": "2026-11-01"}, {"ends": "2026-11-02"})
