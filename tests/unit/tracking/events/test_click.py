"""A click: sent on to the exact signed target, or not at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.signing import new_ring
from nurture.messages import links
from nurture.tracking.event import events
from nurture.tracking.events import click as event
from nurture.tracking.model import Target, Verdict

RING = new_ring()


def test_a_token_of_ours_carries_message_link_and_target() -> None:
    """The redirect needs no database."""
    token = links.click_token(RING, 7, 2, "https://anphat.example/bang-gia?a=1&b=2#c")
    assert event.read(RING, token) == Target(7, 2, "https://anphat.example/bang-gia?a=1&b=2#c")


def test_a_token_of_another_installation_is_nothing() -> None:
    """A forged token redirects nowhere."""
    assert event.read(RING, links.click_token(new_ring(), 7, 2, "https://anphat.example/")) is None


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://anphat.example/", "https://anphat.example/"),
        ("HTTP://anphat.example/a%20b?x=%C4%91&y[]=1|2", "HTTP://anphat.example/a%20b?x=%C4%91&y[]=1|2"),
        ("https://a:b@anphat.example:8443/?q='\"<>", "https://a:b@anphat.example:8443/?q='\"<>"),
        ("https://anphat.example/bảng giá", "https://anphat.example/b%E1%BA%A3ng%20gi%C3%A1"),
        ("https://bücher.example/ă", "https://xn--bcher-kva.example/%C4%83"),
        ("http://h/ http://h/", "http://h/%20http://h/"),
    ],
    ids=[
        "plain",
        "odd-but-ascii",
        "userinfo-and-quotes",
        "vietnamese-path",
        "host-in-its-ascii-form",
        "host-within-the-scheme",
    ],
)
def test_ascii_stays_byte_for_byte_and_the_rest_is_encoded(url: str, location: str) -> None:
    """What the author wrote is where the reader lands."""
    answer = event.answer(Target(7, 0, url))
    assert answer is not None
    assert dict(answer.headers)["Location"] == location
    assert answer.status == "302 Found"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "//anphat.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://anphat.example/",
        "https://",
        "https:///path",
        "https://[broken/",
        "https://anphat.example/\r\nSet-Cookie: a=b",
        "https://anphat.example/\n",
        "https://anphat.example/\x00",
        "https://anphat.example/\u2028",
        "https://an phat.example/",
    ],
)
def test_everything_but_clean_http_is_refused(url: str) -> None:
    """No scheme but http and https, no control character, no missing host."""
    assert event.answer(Target(7, 0, url)) is None


def test_the_redirect_tells_the_target_nothing_of_the_reader() -> None:
    """No cookie, no referrer."""
    answer = event.answer(Target(7, 0, "https://anphat.example/"))
    assert answer is not None
    names = {name.lower() for name, _ in answer.headers}
    assert ("Referrer-Policy", "no-referrer") in answer.headers
    assert "set-cookie" not in names


@given(st.text(max_size=60), st.sampled_from(["http://a.example/", "https://a.example", "", "https://"]))
def test_a_location_is_always_visible_ascii(text: str, start: str) -> None:
    """Whatever was signed, nothing reaches a header but what may stand there."""
    location = event.header_safe(start + text)
    assert location is None or re.fullmatch(r"[\x21-\x7e]+", location)


def test_only_people_count_and_each_minute_anew() -> None:
    """A proxy follows no link."""
    assert {Verdict.HUMAN} == event.COUNTED
    assert not events()["click"].ONCE
