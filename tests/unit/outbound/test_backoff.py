"""A call is tried again after longer and longer spans, until its last day."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.outbound.backoff import is_expired, rest, retry_at

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "asked", "jitter", "seconds"),
    [
        pytest.param(1, 0, 0.0, 10, id="the first soon"),
        pytest.param(2, 0, 0.0, 60, id="then a minute"),
        pytest.param(2, 0, 1.0, 72, id="spread by a fifth"),
        pytest.param(40, 0, 0.0, 14400, id="at last every four hours"),
        pytest.param(1, 120, 0.0, 120, id="as the receiver asks"),
        pytest.param(1, 999_999, 0.0, 14400, id="but not for days"),
    ],
)
def test_the_next_try(attempts: int, asked: int, jitter: float, seconds: int) -> None:
    """By the tries made."""
    assert retry_at(attempts, NOW, asked, jitter) == NOW + timedelta(seconds=seconds)


def test_after_three_days_it_is_over() -> None:
    """Counted from the first try."""
    assert not is_expired(NOW, NOW + timedelta(days=3))
    assert is_expired(NOW, NOW + timedelta(days=3, seconds=1))


def test_a_host_rests_longer_each_time() -> None:
    """Five minutes at most."""
    assert [rest(n).total_seconds() for n in (1, 2, 3, 99)] == [2, 4, 8, 300]
