"""Which of Procrastinate's migrations are applied at a start."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.cluster.schema import due

NOW = datetime(2026, 11, 2, tzinfo=UTC)
NAMES = ["03.03.00_01_pre_a", "03.04.00_01_pre_b", "03.04.00_50_post_b", "03.05.00_01_pre_c", "03.05.00_50_post_c"]


@pytest.mark.parametrize(
    ("done", "hours", "wanted"),
    [
        (NAMES[4], 99, []),
        ("99.00.00_01_pre_z", 99, []),
        (NAMES[2], 99, NAMES[3:4]),
        (NAMES[3], 1, []),
        (NAMES[3], 24, NAMES[4:5]),
        (NAMES[1], 99, NAMES[2:4]),
        (NAMES[0], 0, NAMES[1:4]),
    ],
    ids=["the newest", "newer than this", "what is needed", "not yet", "a day later", "one version on", "two versions"],
)
def test_what_the_newest_version_takes_away_waits_a_day(done: str, hours: int, wanted: list[str]) -> None:
    """So that processes of the version before can run beside it."""
    assert due(NAMES, done, NOW - timedelta(hours=hours), NOW) == wanted
