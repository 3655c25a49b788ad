"""Who was in a campaign before enters again as the campaign says."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.campaigns.model import Again
from nurture.enrollments.entry import MOST, Past, refusal
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


def _often(count: int, span: timedelta) -> list[Past]:
    """So many enrollments, the first so long ago, each over at once."""
    return [Past(at, at) for at in (NOW - span + timedelta(seconds=number) for number in range(count))]


@pytest.mark.parametrize(
    ("again", "past", "reason"),
    [
        pytest.param(Again.AFTER_EXIT, _often(MOST - 1, DAY / 2), None, id="not yet"),
        pytest.param(Again.AFTER_EXIT, _often(MOST, DAY / 2), Reason.TOO_OFTEN, id="too often"),
        pytest.param(timedelta(minutes=1), _often(MOST, DAY / 2), Reason.TOO_OFTEN, id="also with a time between"),
        pytest.param(Again.AFTER_EXIT, _often(MOST, DAY), None, id="the first was a day ago"),
        pytest.param(Again.NEVER, _often(MOST, DAY / 2), Reason.ENROLLED_BEFORE, id="what the file says comes first"),
        pytest.param(Again.AFTER_EXIT, [*_often(MOST, DAY / 2), RUNS], Reason.ALREADY_ENROLLED, id="while it runs"),
    ],
)
def test_nobody_comes_too_often(again: Again | timedelta, past: list[Past], reason: Reason | None) -> None:
    """A lead that goes round and round among campaigns is stopped."""
    found = refusal(again, past, NOW)
    assert (found and found[0]) == reason


def test_a_person_may_put_it_in_nevertheless() -> None:
    """As often as they like, though not while it runs."""
    assert refusal(Again.AFTER_EXIT, _often(2 * MOST, DAY / 2), NOW, by_hand=True) is None
    assert refusal(Again.AFTER_EXIT, [RUNS], NOW, by_hand=True) is not None
