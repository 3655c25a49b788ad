"""When a send will be through."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nurture.delivery.forecast import Outlook, Way, sentence, through
from nurture.delivery.limits import Limits
from nurture.policy.windows import opening, read_window

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 09:00 in Hanoi


def _through(count: int, *ways: Limits, **more: int) -> str:
    found = through([Way(one, [(NINE, more.get("used", 0))]) for one in ways], count, NINE, lambda at: at)
    return f"{found.astimezone(HANOI):%d %H:%M}" if found else "never"


def test_a_send_of_1200_at_500_a_day_says_day_and_hour_of_its_end() -> None:
    """Today 500, tomorrow 500, the rest from the midnight of the third day; what went today counts."""
    day = Limits(HANOI, per_day=500)
    assert _through(1_200, day) == "25 00:02"
    assert _through(400, day) == "23 09:02"
    assert _through(1_200, day, used=400) == "26 00:01"


def test_rates_and_further_relays_count() -> None:
    """One a second takes an hour for 3,600; a second relay halves the days."""
    assert _through(3_600, Limits(HANOI, rate=1.0)) == "23 10:01"
    assert _through(2_000, Limits(HANOI, per_day=500), Limits(HANOI, per_day=500)) == "24 00:02"
    assert _through(1) == "never"


def test_only_hours_in_which_sending_is_allowed_count() -> None:
    """The day's quota opens at midnight, the window at eight."""
    window = read_window({"days": "mon-sun", "from": "08:00", "to": "20:00"})
    found = through([Way(Limits(HANOI, per_day=500), [])], 600, NINE, lambda at: opening(window, HANOI, at))
    assert found is not None
    assert f"{found.astimezone(HANOI):%d %H:%M}" == "24 08:01"


def test_the_end_is_said_in_words() -> None:
    """With the days over which it spreads, or that it cannot be said."""
    shown = lambda at: f"{at.astimezone(HANOI):%d/%m %H:%M}"  # noqa: E731
    assert "3 days" in sentence(Outlook(NINE + timedelta(days=2), 3, is_limited=True), "en", shown)
    assert sentence(Outlook(NINE, 1, is_limited=False), "vi", shown) == "Gửi xong vào khoảng 23/11 09:00"
    assert "cannot be said" in sentence(Outlook(None, 0, is_limited=False), "en", shown)
