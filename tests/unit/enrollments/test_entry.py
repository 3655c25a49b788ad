"""Who was in a campaign before enters again as the campaign says."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.campaigns.model import Again
from nurture.enrollments.entry import Past, refusal
from nurture.kernel.reasons import Reason

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
ENDED = Past(NOW - 20 * DAY, NOW - 10 * DAY)
RUNS = Past(NOW - 2 * DAY, None)


@pytest.mark.parametrize(
    ("again", "past", "reason"),
    [
        pytest.param(Again.NEVER, [], None, id="the first time"),
        pytest.param(Again.NEVER, [ENDED], Reason.ENROLLED_BEFORE, id="never again"),
        pytest.param(Again.AFTER_EXIT, [ENDED], None, id="after the exit"),
        pytest.param(Again.AFTER_EXIT, [ENDED, RUNS], Reason.ALREADY_ENROLLED, id="not while it runs"),
        pytest.param(10 * DAY, [ENDED], None, id="long enough after the exit"),
        pytest.param(11 * DAY, [ENDED], Reason.ENROLLED_BEFORE, id="too soon after the exit"),
        pytest.param(5 * DAY, [ENDED, Past(NOW - 4 * DAY, NOW - DAY)], Reason.ENROLLED_BEFORE, id="the latest counts"),
    ],
)
def test_again_decides(again: Again | timedelta, past: list[Past], reason: Reason | None) -> None:
    """A reason, or none when the lead may enter."""
    found = refusal(again, past, NOW)
    assert (found and found[0]) == reason
