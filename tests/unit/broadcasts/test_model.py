"""When a broadcast goes to whom, and which variant: always the same answer for the same lead."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.broadcasts.model import (
    REST,
    TESTED,
    At,
    BroadcastState,
    Definition,
    Local,
    Now,
    Past,
    Trial,
    Variant,
    free_key,
    goes_at,
    may_try_again,
    place,
    starts_at,
)
from nurture.campaigns.model import Sending
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState

SAIGON, PARIS, HAWAII = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Honolulu")
WALL = datetime(2026, 12, 1, 8, 0)  # noqa: DTZ001 - a wall time
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _definition(key: str = "tet", share: float | None = 0.2, count: int = 2) -> Definition:
    variants = tuple(Variant("abcd"[at], f"email{at}") for at in range(count))
    test = Trial(share, timedelta(hours=4)) if share is not None else None
    return Definition(key, "Tết", "all", None, variants, test, Now(), Sending(), 0.2)


def test_without_a_test_everybody_gets_the_first() -> None:
    """And is in no group."""
    assert place(_definition(share=None, count=1), "lead1") == ("a", None)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_test_takes_its_share_evenly(count: int) -> None:
    """A fifth of the audience, each variant as many; the rest waits."""
    found = Counter(place(_definition(count=count), f"lead{number}") for number in range(20_000))
    assert found[None, REST] == pytest.approx(16_000, rel=0.03)
    for key in "abcd"[:count]:
        assert found[key, TESTED] == pytest.approx(4_000 / count, rel=0.1)


def test_a_lead_is_drawn_the_same_each_time_and_anew_for_each_broadcast() -> None:
    """By a hash, not by chance."""
    leads = [f"lead{number}" for number in range(500)]
    first = [place(_definition(), lead) for lead in leads]
    assert first == [place(_definition(), lead) for lead in leads]
    assert first != [place(_definition("other"), lead) for lead in leads]


def test_at_a_time_is_the_house_s() -> None:
    """Whatever the zones of the leads; what is past is now."""
    assert starts_at(At(WALL), SAIGON, [HAWAII], NOW) == datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    late = datetime(2026, 12, 2, tzinfo=UTC)
    assert starts_at(At(WALL), SAIGON, [], late) == late
    assert starts_at(Now(), SAIGON, [HAWAII], NOW) == NOW


def test_local_times_start_with_the_first_zone_there() -> None:
    """The sun comes from the east."""
    start = starts_at(Local(WALL), SAIGON, [PARIS, HAWAII], NOW)
    assert start == datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    assert goes_at(Local(WALL), SAIGON, start) == start
    assert goes_at(Local(WALL), PARIS, start) == datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
    assert goes_at(Local(WALL), HAWAII, start) == datetime(2026, 12, 1, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "at"),
    [
        (Past.NOW, datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        (Past.NEXT_DAY, datetime(2026, 12, 2, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_local_time_that_is_over_is_now_or_the_next_day(past: Past, at: datetime) -> None:
    """As the author said; elsewhere it is still to come."""
    start = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert goes_at(Local(WALL, past), SAIGON, start) == at
    assert goes_at(Local(WALL, past), HAWAII, start) == datetime(2026, 12, 1, 18, 0, tzinfo=UTC)


def test_a_local_time_that_a_zone_leaves_out_is_found() -> None:
    """02:30 on the day the clocks go forward in Paris."""
    wall = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - a wall time
    start = datetime(2026, 3, 28, tzinfo=UTC)
    at = goes_at(Local(wall), PARIS, start)
    assert datetime(2026, 3, 29, 1, 0, tzinfo=UTC) <= at <= datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "reason", "again"),
    [
        (MessageState.SENT, "", False),
        (MessageState.UNKNOWN, Reason.HANDOVER_UNSURE, False),
        (MessageState.QUEUED, "", False),
        (MessageState.SENDING, "", False),
        (MessageState.DEFERRED, "", False),
        (MessageState.REJECTED, Reason.EXPIRED, True),
        (MessageState.CANCELED, Reason.BROADCAST_STOPPED, True),
        (MessageState.CANCELED, Reason.MERGED, False),
        (MessageState.BOUNCED, Reason.HARD_BOUNCE, False),
        (MessageState.BOUNCED, "", True),
        (MessageState.SKIPPED, Reason.CAPPED, True),
        (MessageState.SKIPPED, Reason.MISSING_FIELD, True),
        (MessageState.SKIPPED, Reason.UNSUBSCRIBED, False),
        (MessageState.SKIPPED, Reason.NO_CONSENT, False),
        (MessageState.SKIPPED, Reason.SUPPRESSED, False),
    ],
)
def test_who_may_be_written_to_once_more(state: MessageState, reason: str, again: bool) -> None:
    """Never who got it or may have, never who said no."""
    assert may_try_again(state, reason) is again


def test_a_key_is_free_by_the_first_number() -> None:
    """That nobody has."""
    assert free_key("tet", []) == "tet"
    assert free_key("tet", ["tet", "tet_2"]) == "tet_3"
    assert free_key("", ["other"]) == "email"
    assert len(free_key("x" * 200, [])) <= 80


def test_states_have_their_words() -> None:
    """Seven."""
    assert len(BroadcastState) == 7
