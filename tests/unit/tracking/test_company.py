"""In which company a hit came: hidden links, and links that were passed on."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.messages.links import TRAP
from nurture.tracking.company import MANY_PLACES, Neighbors, Readers, Seen, hand
from nurture.tracking.model import Hit

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OFFICE, AWAY = "203.0.113.0/24", "192.0.2.0/24"


def hit(
    link: int | None = 0, agent: str = DESK, ip: str = OFFICE, hours: float = 0, message: int = 1, **more: str
) -> Hit:
    """A hit some hours after NOW; a click unless it has no link."""
    at = NOW + timedelta(hours=hours)
    return Hit("k", "open" if link is None else "click", message, link, None, at, at, "GET", agent, ip, more)


def neighbors(*hits: Hit) -> Neighbors:
    """These hits, none of them a machine's by itself."""
    return Neighbors(hits, is_machine=lambda _: False)


@pytest.mark.parametrize(
    ("one", "trapped"),
    [
        (hit(), True),
        (hit(hours=5), True),  # whenever it comes
        (hit(None), True),
        (hit(agent=PHONE), False),
        (hit(ip=AWAY), False),
        (hit(**{"accept-language": "yes"}), False),  # who speaks a language is not who spoke none
    ],
    ids=["a-click", "later", "an-open", "another-agent", "another-network", "with-languages"],
)
def test_who_follows_the_hidden_link_is_known_by_the_hand(one: Hit, trapped: bool) -> None:
    """Network, agent, and whether it speaks a language."""
    assert neighbors(hit(TRAP), one).trapped(one) is trapped


def test_a_hand_without_a_network_traps_nobody() -> None:
    """It would be everybody's."""
    assert not neighbors(hit(TRAP, ip=""), hit(ip="")).trapped(hit(ip=""))
    assert hand(hit()) == (OFFICE, DESK, False)


def test_the_hidden_link_is_not_counted_among_those_followed() -> None:
    """A preview that follows it while the reader clicks makes no burst of the reader's click."""
    assert neighbors(hit(TRAP, agent=PHONE), hit()).speak_against(hit(), 4) == ""


@pytest.mark.parametrize(
    ("before", "one", "reason"),
    [
        ([], hit(agent=PHONE, ip=AWAY, hours=1), ""),  # the first
        ([hit()], hit(agent=PHONE, ip=AWAY, hours=1), "forwarded:iPhone"),
        ([hit()], hit(agent=PHONE, ip=AWAY, hours=0.01), ""),  # sooner than a mail is passed on
        ([hit()], hit(agent=PHONE, ip=OFFICE, hours=1), ""),
        ([hit()], hit(ip=AWAY, hours=1), ""),
        ([hit()], hit(1, PHONE, AWAY, 1), ""),  # another link: nothing is known of it
        ([hit()], hit(agent="", ip=AWAY, hours=1), ""),  # names no device
        ([hit(), hit(agent=PHONE, ip=AWAY, message=2)], hit(agent=PHONE, ip="198.51.100.0/24", hours=1), ""),
        ([hit(), hit(agent="x", ip=AWAY, message=2)], hit(agent=PHONE, ip=AWAY, hours=1), ""),  # home, known by it
        ([hit(None, PHONE, AWAY, -1), hit()], hit(agent=PHONE, ip="198.51.100.0/24", hours=1), ""),
        ([hit(), hit(None, PHONE, AWAY, 1)], hit(agent=PHONE, ip=AWAY, hours=2), "forwarded:iPhone"),
    ],
    ids=["first", "another-device-and-place", "at-once", "same-place", "same-device", "another-link", "no-device",
         "known-device", "known-place", "opened-before", "opened-by-whom-it-was-passed-to"],
)  # fmt: skip
def test_when_a_link_was_perhaps_passed_on(before: list[Hit], one: Hit, reason: str) -> None:
    """Another family of device in another place than before, neither of which is known to be the lead's."""
    assert Readers(Seen.of(each) for each in before).passed_on(one) == reason


def test_many_places_within_an_hour_are_no_one_persons() -> None:
    """Over a day they may be."""
    quick = [hit(ip=f"10.0.{number}.0/24", hours=number / 10) for number in range(MANY_PLACES)]
    slow = [hit(ip=f"10.0.{number}.0/24", hours=number) for number in range(MANY_PLACES)]
    assert Readers(map(Seen.of, quick[:-1])).passed_on(quick[-1]) == f"many_places:{MANY_PLACES}"
    assert Readers(map(Seen.of, slow[:-1])).passed_on(slow[-1]) == ""
