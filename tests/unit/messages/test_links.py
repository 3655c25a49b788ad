"""Tokens of public links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.signing import Key, KeyRing, new_ring, rotated
from nurture.messages import links

RING = new_ring()
HASH = RING.address_hash("minh@anphat.example")


@given(st.integers(0, 2**63), st.integers(0, 65_535), st.text(min_size=1, max_size=300))
def test_a_click_carries_its_whole_target(message_id: int, position: int, target: str) -> None:
    """What went in comes out, byte for byte."""
    target = target.encode("utf-8", "replace").decode()

    token = links.click_token(RING, message_id, position, target)

    assert links.read_click(RING, token) == links.Click(message_id, position, target)


def test_an_open_names_its_message() -> None:
    """Nothing else is in it."""
    assert links.read_open(RING, links.open_token(RING, 7)) == 7


def test_an_unsubscribe_names_message_lead_and_address() -> None:
    """It works when the lead is gone: the address's hash is in it."""
    token = links.unsubscribe_token(RING, 7, 3, HASH)

    assert links.read_unsubscribe(RING, token) == links.Refusal(7, 3, HASH)


def test_a_token_of_one_kind_is_none_of_another() -> None:
    """An open's token opens no redirect and refuses nobody."""
    opened = links.open_token(RING, 7)
    clicked = links.click_token(RING, 7, 0, "https://x.example/")

    assert links.read_click(RING, opened) is None
    assert links.read_unsubscribe(RING, opened) is None
    assert links.read_open(RING, clicked) is None


@pytest.mark.parametrize("ring", [new_ring(), KeyRing(RING.keys[:0] + new_ring().keys, RING.suppression, RING.epoch)])
def test_a_token_of_other_keys_is_unknown(ring: KeyRing) -> None:
    """A forged token answers as no token does."""
    assert links.read_click(ring, links.click_token(RING, 7, 0, "https://x.example/")) is None


def test_a_changed_token_is_unknown() -> None:
    """No bit of it may differ."""
    token = links.click_token(RING, 7, 0, "https://x.example/")
    changed = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]

    assert links.read_click(RING, changed) is None


def test_a_token_outlives_the_rotation_of_keys() -> None:
    """Old mails keep working."""
    token = links.open_token(RING, 7)

    assert links.read_open(rotated(RING), token) == 7


@pytest.mark.parametrize("payload", [b"", b"\0" * 9, b"\0" * 10, b"\0" * 10 + b"\xff\xfe"], ids=len)
def test_a_payload_of_another_shape_is_unknown(payload: bytes) -> None:
    """Even one that we signed."""
    assert links.read_click(RING, RING.sign(links.CLICK, payload)) is None


def test_a_target_that_is_too_long_is_refused() -> None:
    """A redirect must fit into a Location header."""
    with pytest.raises(ValueError, match="a link of"):
        links.click_token(RING, 7, 0, "https://x.example/" + "a" * links.LONGEST_TARGET)


def test_links_of_a_tracked_message_are_ours() -> None:
    """Click, pixel and refusal stand under their own paths."""
    made = links.MessageLinks(RING, "https://m.example", 7, 3, HASH)

    assert made.click(0, "https://x.example/").startswith("https://m.example/c/")
    assert made.pixel().startswith("https://m.example/o/")
    hidden = links.read_click(RING, made.trap().removeprefix("https://m.example/c/"))
    assert hidden == links.Click(7, links.TRAP, "https://m.example/")
    assert made.unsubscribe().startswith("https://m.example/u/")


def test_without_tracking_links_are_plain_and_the_refusal_stays() -> None:
    """Who did not agree to tracking can still say no."""
    made = links.MessageLinks(RING, "https://m.example", 7, 3, HASH, tracking=False)

    assert made.click(0, "https://x.example/?a=1&b=2") == "https://x.example/?a=1&b=2"
    assert (made.pixel(), made.trap()) == ("", "")
    assert made.unsubscribe() != ""


def test_a_mail_to_staff_has_no_refusal() -> None:
    """There is no address hash."""
    assert links.MessageLinks(RING, "https://m.example", 7).unsubscribe() == ""


KNOWN = KeyRing((Key(b"1234", bytes(range(32))),), b"", b"abcd")
CLICKED = links.Click(7, 2, "https://anphat.example/bang-gia?a=1")


@pytest.mark.parametrize(
    "token",
    [
        "ATEyMzRhYmNkYwAAAAAAAAAHAAJodHRwczovL2FucGhhdC5leGFtcGxlL2JhbmctZ2lhP2E9MQrzZLJDQ7By_fXc2Y7yacg",
        "AjEyMzRhYmNkYwAAAAAAAAAHNgoCHahU9zm8LosfPJbhA0idAAJodHRwczovL2FucGhhdC5leGFtcGxlL2JhbmctZ2lhP2E9MQ",
    ],
    ids=["version 1", "version 2"],
)
def test_a_click_of_any_version_leads_on_for_ever(token: str) -> None:
    """It stands in mails that went long ago."""
    assert links.read_click(KNOWN, token) == CLICKED


@pytest.mark.parametrize(
    "token",
    ["ATEyMzRhYmNkbwAAAAAAAAAHeuUnPi0qO4STIQpB7iDpLA", "AjEyMzRhYmNkbwAAAAAAAAAHovINqVGbLfaVYmIFg76H3MKJ"],
    ids=["version 1", "version 2"],
)
def test_an_open_of_any_version_counts_for_ever(token: str) -> None:
    """The same."""
    assert links.read_open(KNOWN, token) == 7


@pytest.mark.parametrize(
    "token",
    [
        "ATEyMzRhYmNkdQAAAAAAAAAHAAAAAAAAAAMKCgoKCgoKCgoKCgoKCgoKCgoKCmrVLaN52J8uTE7xUrfOWkA",
        "AjEyMzRhYmNkdQAAAAAAAAAHHUaSxGlPx7VwqknDmMIBrL73AAAAAAAAAAMKCgoKCgoKCgoKCgoKCgoKCgoKCg",
    ],
    ids=["version 1", "version 2"],
)
def test_a_refusal_of_any_version_works_for_ever(token: str) -> None:
    """As the law wants it."""
    assert links.read_unsubscribe(KNOWN, token) == links.Refusal(7, 3, "0a" * 20)


def test_a_yes_of_before_is_still_one() -> None:
    """Its token has its first form."""
    token = "ATEyMzRhYmNkeQAAAAAAAAADCgoKCgoKCgoKCgoKCgoKCgoKCgqwh5W6KSoNFKP7owBMXIr8"
    assert links.agree_token(KNOWN, 3, "0a" * 20) == token
    assert links.read_agree(KNOWN, token) == (3, "0a" * 20)
