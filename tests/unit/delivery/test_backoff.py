"""Retries: later and later, with an end; a route sooner than a person would."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.delivery.backoff import LAST_DAY, is_expired, retry_at, route_retry_at
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


def test_after_three_days_there_is_no_next_try() -> None:
    """Counted from the first go."""
    assert not is_expired(NOW, NOW + LAST_DAY)
    assert is_expired(NOW, NOW + LAST_DAY + timedelta(seconds=1))


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
