"""Policy says now, later or not at all, with the reason."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nurture.kernel.reasons import Reason
from nurture.policy.caps import Cap
from nurture.policy.decide import Defer, Policy, Send, Skip, decide, read_policy
from nurture.policy.windows import read_window

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
POLICY = Policy(read_window({"days": "mon-sat", "from": "08:00", "to": "20:00"}), Cap(2, timedelta(days=7)))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=HANOI)  # a Friday
NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=HANOI)


def test_inside_the_window_and_under_the_cap_it_goes() -> None:
    """Send."""
    assert decide(POLICY, HANOI, NOON, gone=[NOON - timedelta(days=1)]) == Send()


def test_no_policy_lets_everything_go() -> None:
    """Absent parts allow everything."""
    assert decide(Policy(), HANOI, NIGHT, gone=[NIGHT] * 9) == Send()


def test_outside_the_window_it_waits_for_the_opening() -> None:
    """Quiet hours, with the time."""
    opens = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    assert decide(POLICY, HANOI, NIGHT) == Defer(opens, Reason.QUIET_HOURS, {"time": opens.isoformat()})


def test_over_the_cap_it_waits_for_a_slot_within_the_window() -> None:
    """The slot frees on a Sunday; it goes on Monday morning, and the cap is the reason."""
    gone = [NOON - timedelta(days=5), NOON - timedelta(days=1)]
    found = decide(POLICY, HANOI, NOON, gone=gone)
    assert found == Defer(
        datetime(2026, 11, 23, 1, 0, tzinfo=UTC), Reason.CAPPED, {"count": 2, "days": "7", "limit": 2}
    )


def test_a_refusal_is_stronger_than_waiting() -> None:
    """Nobody waits all night for a no."""
    found = decide(POLICY, HANOI, NIGHT, refusal=(Reason.NO_CONSENT, {}))
    assert found == Skip(Reason.NO_CONSENT, {})


def test_a_policy_reads_what_it_wrote() -> None:
    """The row of a message carries it, with the zone."""
    assert read_policy(POLICY.to_json(HANOI), "Europe/London") == (POLICY, HANOI)
    assert read_policy({}, "Europe/London") == (Policy(), ZoneInfo("Europe/London"))
