"""Two times: engine time may run faster or stand still; neither is ever naive."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.kernel.clock import LapseClock, ManualClock, SystemClock, aware, pace

START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def test_a_naive_instant_is_refused() -> None:
    """Nothing guesses a zone."""
    with pytest.raises(ValueError, match="naive"):
        aware(datetime(2026, 11, 2))  # noqa: DTZ001 - the very thing that is refused


def test_engine_time_runs_from_its_anchor_at_its_speed() -> None:
    """A day passes in twenty seconds at 4320."""
    clock = LapseClock(START, SystemClock().real() - timedelta(seconds=20), 4320)
    assert timedelta(days=1) <= clock.engine() - START < timedelta(days=1, hours=2)


def test_engine_time_stands_still_without_speed() -> None:
    """As long as nothing runs, the anchor is the time."""
    assert LapseClock(START, SystemClock().real(), 0.0).engine() == START


def test_a_manual_clock_moves_when_told() -> None:
    """Both times go on by the span."""
    clock = ManualClock(START, START + timedelta(days=9))
    clock.advance(timedelta(hours=1))
    assert (clock.engine(), clock.real()) == (
        START + timedelta(hours=1),
        START + timedelta(days=9, hours=1),
    )


def test_the_pace_is_that_of_time_lapse() -> None:
    """Any other clock goes with the world, or when told to."""
    assert pace(LapseClock(START, START, 720.0)) == 720.0
    assert pace(SystemClock()) == pace(ManualClock(START)) == 1.0
