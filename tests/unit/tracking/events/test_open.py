"""An open: the pixel for whoever holds a token of ours."""

from nurture.kernel.signing import new_ring
from nurture.messages import links
from nurture.tracking.event import events
from nurture.tracking.events import open as event
from nurture.tracking.model import Target, Verdict

RING = new_ring()


def test_a_token_of_ours_names_its_message() -> None:
    """Nothing else stands in it."""
    assert event.read(RING, links.open_token(RING, 7)) == Target(7)


def test_a_token_of_another_installation_or_kind_is_nothing() -> None:
    """Forged and misplaced tokens read alike."""
    assert event.read(RING, links.open_token(new_ring(), 7)) is None
    assert event.read(RING, links.click_token(RING, 7, 0, "https://a.example/")) is None
    assert event.read(RING, "") is None


def test_the_answer_is_a_transparent_gif_of_43_bytes() -> None:
    """One pixel, whoever asks."""
    answer = event.answer(Target(7))
    assert answer is not None
    assert (answer.status, len(answer.body), answer.body[:6], answer.body[-1:]) == ("200 OK", 43, b"GIF89a", b";")
    assert ("Content-Type", "image/gif") in answer.headers


def test_readers_and_image_proxies_count_once_each() -> None:
    """A machine's or a suspect's open does not."""
    assert {Verdict.HUMAN, Verdict.PROXY} == event.COUNTED
    assert events()["open"].ONCE
