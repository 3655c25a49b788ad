"""Retries: later and later, with an end; a route sooner than a person would."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.delivery.backoff import retry_at, route_retry_at, within_last_day
from nurture.delivery.model import RouteTrouble

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (7, 240), (50, 240)])
def test_a_message_waits_longer_after_each_attempt(attempts: int, minutes: int) -> None:
    """Without jitter, exactly so long."""
    assert retry_at(attempts, NOW, 0, 0.0) == NOW + timedelta(minutes=minutes)


def test_jitter_only_adds() -> None:
    """At most a fifth."""
    assert NOW + timedelta(minutes=1) < retry_at(1, NOW, 0, 1.0) <= NOW + timedelta(seconds=72)


def test_a_wait_asked_for_is_kept() -> None:
    """The greylist's five minutes are longer than our one."""
    assert retry_at(1, NOW, 300, 0.0) == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("now", "wished", "expected"),
    [
        (0, 60, 60),
        (0, 72 * 60, 72 * 60),
        (60 * 60, 90 * 60, 72 * 60),  # asked to wait for longer: once more at the end
        (72 * 60 - 31, 72 * 60 + 1, 72 * 60),
        (72 * 60 - 29, 72 * 60 + 1, None),
        (72 * 60 + 5, 72 * 60 + 65, None),
    ],
)
def test_after_three_days_there_is_no_next_try(now: int, wished: int, expected: int | None) -> None:
    """Counted from the first go, in minutes; the last one stands at the end of the last day."""
    found = within_last_day(NOW, NOW + timedelta(minutes=now), NOW + timedelta(minutes=wished))
    assert found == (None if expected is None else NOW + timedelta(minutes=expected))


@pytest.mark.parametrize(
    ("trouble", "failures", "seconds"),
    [
        (RouteTrouble.REST, 1, 5),
        (RouteTrouble.REST, 3, 20),
        (RouteTrouble.REST, 90, 300),
        (RouteTrouble.PAUSE, 1, 60),
        (RouteTrouble.PAUSE, 90, 3600),
    ],
)
def test_a_route_is_tried_again_after(trouble: RouteTrouble, failures: int, seconds: int) -> None:
    """Doubling, with a ceiling."""
    assert route_retry_at(trouble, failures, NOW) == NOW + timedelta(seconds=seconds)
