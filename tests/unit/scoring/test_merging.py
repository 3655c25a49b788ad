"""What of a merged lead's lines has no room within a limit for each lead."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.scoring.merging import excess
from nurture.scoring.model import Limit

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("limit", "kept", "coming", "over"),
    [
        pytest.param(Limit(1), [0], [5], [0], id="once ever"),
        pytest.param(Limit(2), [0], [5, 6], [1], id="twice ever: the earlier one has room"),
        pytest.param(Limit(1, span=DAY), [0], [1], [], id="a day apart"),
        pytest.param(Limit(1, span=2 * DAY), [1], [0, 3], [0], id="too near on either side"),
        pytest.param(Limit(1), [], [0], [], id="nothing kept"),
    ],
)
def test_lines_come_to_those_kept_as_long_as_there_is_room(
    limit: Limit, kept: list[int], coming: list[int], over: list[int]
) -> None:
    """By the distance in time, the earliest first."""
    lines = [(number, AT + day * DAY) for number, day in enumerate(coming)]
    assert excess([AT + day * DAY for day in kept], lines, limit) == over
