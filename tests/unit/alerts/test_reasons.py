"""Three plain reasons with times."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.alerts.model import Why
from nurture.alerts.reasons import choose, shown_link, stamp, text, texts

NOW = datetime(2026, 11, 2, 2, 5, tzinfo=UTC)
NAME = {"vi": "Bấm xem bảng giá", "en": "Clicked through to the prices"}


def _why(code: str, minutes: int, **params: str) -> Why:
    return Why(code, NOW - timedelta(minutes=minutes), {"en": code}, params)


def test_the_three_latest_distinct_strong_reasons_are_chosen() -> None:
    """What happened twice is one reason, with the latest time and how often."""
    found = choose(
        [
            (4, _why("opened", 1)),
            (25, _why("prices", 2, url="a")),
            (14, _why("clicked", 3, url="b")),
            (25, _why("prices", 4, url="a")),
            (14, _why("clicked", 5, url="c")),
            (30, _why("replied", 6)),
        ]
    )
    assert [(why.code, why.params.get("url"), why.params["count"]) for why in found] == [
        ("prices", "a", 2), ("clicked", "b", 1), ("clicked", "c", 1),
    ]  # fmt: skip
    assert found[0].at == NOW - timedelta(minutes=2)


def test_weak_reasons_fill_up_where_strong_ones_are_few() -> None:
    """Better an opened email than nothing."""
    found = choose([(4, _why("opened", 1)), (30, _why("replied", 9))])
    assert [why.code for why in found] == ["replied", "opened"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", "Bấm xem bảng giá: shop.example/bang-gia, 3 lần"),
        ("en", "Clicked through to the prices: shop.example/bang-gia, 3 times"),
    ],
)
def test_a_reason_is_said_in_the_readers_language(language: str, said: str) -> None:
    """The rule's own name, the link, how often."""
    params = {"url": "https://www.shop.example/bang-gia?utm=x", "count": 3}
    why = Why("prices", NOW, NAME, params)
    assert text(why.plain(), language) == said


def test_a_temperature_set_by_hand_says_who_and_why() -> None:
    """In their own words."""
    why = Why("by_hand", NOW, {}, {"person": "An", "reason": "met at the fair", "count": 1})
    assert text(why.plain(), "en") == "An set the temperature: met at the fair"


def test_times_are_those_of_the_reader() -> None:
    """Day, month, year, local time."""
    assert stamp(NOW, "Asia/Ho_Chi_Minh") == "02/11/2026, 09:05"
    plain = Why("prices", NOW, NAME, {"count": 1}).plain()
    assert texts([plain], "en", "UTC") == [{"text": "Clicked through to the prices", "time": "02/11/2026, 02:05"}]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/", "shop.example"),
        ("https://u:p@shop.example/a%20b", "shop.example/a b"),
        ("https://[broken", ""),
        ("https://shop.example/" + "x" * 100, "shop.example/" + "x" * 46 + "…"),
        ("https://shop.example/a\r\nBcc: x@evil.test", "shop.example/aBcc: x@evil.test"),
        ("", ""),
    ],
)
def test_an_address_is_shown_short_and_on_one_line(url: str, shown: str) -> None:
    """Host and path; no password, no line break."""
    assert shown_link(url) == shown
