"""Policy says now, later or not at all, with the reason."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nurture.kernel.reasons import Reason
from nurture.policy.caps import Cap
from nurture.policy.days import Calendar, During, Tet
from nurture.policy.decide import Defer, Keep, Policy, Send, Skip, decide, read_policy
from nurture.policy.house import House
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


TET = House(
    read_window({"from": "08:00", "to": "20:00"}), Calendar("VN", tet=Tet()), Cap(3, timedelta(days=7)),
    timedelta(hours=20), timedelta(hours=6),
)  # fmt: skip


def test_campaign_and_house_must_both_allow_it() -> None:
    """The campaign from eight, the house from nine: nine."""
    house = House(read_window({"from": "09:00", "to": "20:00"}))
    found = decide(POLICY, HANOI, NIGHT, house=house)
    assert isinstance(found, Defer)
    assert (found.until, found.reason) == (datetime(2026, 11, 21, 2, 0, tzinfo=UTC), Reason.QUIET_HOURS)


def test_on_a_day_off_it_waits_for_the_next_day_that_is_none() -> None:
    """In the evening before the stop too: what moves it farthest is the reason."""
    evening = datetime(2027, 1, 29, 21, 0, tzinfo=HANOI)
    opens = datetime(2027, 2, 12, 1, 0, tzinfo=UTC)
    for at in (evening, evening + timedelta(days=3)):
        found = decide(Policy(), HANOI, at, house=TET)
        name = {"vi": "Tết Nguyên Đán", "en": "Lunar New Year"}
        assert found == Defer(opens, Reason.HOLIDAY, {"holiday": name, "time": opens.isoformat()})


def test_in_a_stop_that_drops_it_is_left_out() -> None:
    """Whatever the hour; before it and after it, it goes."""
    house = House(calendar=Calendar(tet=Tet(during=During.DROP)))
    inside = datetime(2027, 2, 8, 23, 0, tzinfo=HANOI)
    found = decide(Policy(), HANOI, inside, house=house)
    assert isinstance(found, Skip)
    assert found.reason is Reason.HOLIDAY_DROPPED
    assert decide(Policy(), HANOI, datetime(2027, 1, 29, 23, 0, tzinfo=HANOI), house=house) == Send()


def test_two_mails_keep_the_least_gap() -> None:
    """Twenty hours after the last one, and then the window."""
    found = decide(Policy(), HANOI, NOON, house=TET, gone=[NOON - timedelta(hours=3)])
    assert isinstance(found, Defer)
    assert (found.until, found.reason) == (NOON.astimezone(UTC) + timedelta(hours=20), Reason.GAP)


def test_the_narrower_of_two_caps_holds() -> None:
    """The campaign allows two, the house three."""
    gone = [NOON - timedelta(days=5), NOON - timedelta(days=4)]
    found = decide(POLICY, HANOI, NOON, house=TET, gone=gone)
    assert isinstance(found, Defer)
    assert (found.reason, found.detail["limit"]) == (Reason.CAPPED, 2)


def test_windows_that_never_meet_are_told_so() -> None:
    """It is looked at again, since either may change."""
    night = Policy(read_window({"from": "21:00", "to": "23:00"}))
    found = decide(night, HANOI, NOON, house=TET)
    assert isinstance(found, Defer)
    assert found.reason is Reason.NEVER_OPEN


def test_silence_holds_and_a_refusal_is_stronger() -> None:
    """An open deal is over some day; a no is not."""
    held = (Reason.DEAL_OPEN, {"owner": "Lan"})
    found = decide(POLICY, HANOI, NOON, held=held)
    assert isinstance(found, Defer)
    assert (found.reason, found.detail) == held
    assert decide(POLICY, HANOI, NOON, held=held, refusal=(Reason.BOUNCED, {})) == Skip(Reason.BOUNCED, {})


def test_what_is_late_waits_for_a_person() -> None:
    """Unless the house does not mind."""
    assert decide(POLICY, HANOI, NOON, house=TET, late=True) == Keep(Reason.HELD_LATE, {"hours": 6.0})
    assert decide(POLICY, HANOI, NOON, late=True) == Send()


def test_a_house_holds_only_for_its_classes_and_never_for_transactions() -> None:
    """What answers the lead's own act goes at night too."""
    only = House(TET.window, classes=frozenset({"advertising"}))
    assert [only.of(one) is only for one in ("advertising", "care", "deal", "transactional")] == [
        True, False, False, False,
    ]  # fmt: skip
    assert TET.of("transactional") == House()
