"""A cap slides: each mail counts for the span after it."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.policy.caps import Cap, counted, frees_at, read_cap

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CAP = Cap(3, timedelta(days=7))


def _days_ago(*days: float) -> list[datetime]:
    return [NOW - timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    ("gone", "free"),
    [
        pytest.param([], 0, id="nothing went"),
        pytest.param([1, 2], 0, id="one slot left"),
        pytest.param([1, 2, 6], 1, id="the oldest falls out tomorrow"),
        pytest.param([1, 2, 7], 0, id="seven days old counts no more"),
        pytest.param([1, 2, 5, 6], 2, id="over the cap: two must fall out"),
    ],
)
def test_a_slot_frees_when_the_oldest_falls_out(gone: list[float], free: int) -> None:
    """The first instant at which fewer than the limit count."""
    assert frees_at(CAP, _days_ago(*gone), NOW) == NOW + timedelta(days=free)


def test_what_counts_is_said() -> None:
    """For the reason's sentence."""
    assert counted(CAP, _days_ago(1, 6, 8), NOW) == 2


@pytest.mark.parametrize("text", ["3 in 7 days", "1 in 12 hours", "2 in 90 minutes"])
def test_a_cap_reads_what_it_wrote(text: str) -> None:
    """Its JSON is its YAML."""
    assert read_cap(text).to_json() == text


@pytest.mark.parametrize("text", ["3", "0 in 7 days", "three in a week", "3 in a week", None, 3])
def test_other_words_are_no_cap(text: object) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="not a"):
        read_cap(text)
