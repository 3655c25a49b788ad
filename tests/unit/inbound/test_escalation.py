"""Soft bounces close an address when they come again and again, and nothing says that mail arrives."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.delivery.bounce import HARD
from nurture.inbound.escalation import COUNTING, OURS, gives_up
from nurture.kernel.inboxes import SoftBounces

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAILY = [NOW - timedelta(days=one) for one in range(5)]


def test_five_on_five_days_are_enough() -> None:
    """One less is not."""
    assert gives_up(DAILY, None, NOW, SoftBounces(), ZONE)
    assert not gives_up(DAILY[1:], None, NOW, SoftBounces(), ZONE)


@pytest.mark.parametrize(
    ("bounces", "alive"),
    [
        ([NOW - timedelta(hours=one) for one in range(9)], None),
        ([NOW - timedelta(days=4 * one) for one in range(5)], None),
        (DAILY, NOW - timedelta(days=3, hours=1)),
    ],
    ids=["all on two days", "over too long a time", "a sign of life between"],
)
def test_less_than_that_goes_on(bounces: list[datetime], alive: datetime | None) -> None:
    """A mailbox that is full for a weekend is written to again."""
    assert not gives_up(bounces, alive, NOW, SoftBounces(), ZONE)


def test_days_are_those_where_we_are() -> None:
    """Two minutes apart may be two days."""
    bounces = [datetime(2026, 11, 18, 16, 59, tzinfo=UTC), datetime(2026, 11, 18, 17, 1, tzinfo=UTC)]
    assert gives_up(bounces, None, NOW, SoftBounces(2, days=2), ZONE)
    assert not gives_up(bounces, None, NOW, SoftBounces(2, days=2), ZoneInfo("UTC"))


def test_a_reason_counts_once() -> None:
    """It is about the address for good, about the address for now, or about us."""
    assert not COUNTING & OURS
    assert not (COUNTING | OURS) & HARD
