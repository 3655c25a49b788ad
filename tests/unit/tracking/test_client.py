"""Whose request it is: forwarded addresses are believed from our proxies only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.tracking.client import client_address, truncated

PROXIES = ("10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger may claim what they like
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the client itself wrote stands to the left
        ("10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),  # two proxies of ours
        ("10.0.0.1", "10.0.0.7", "10.0.0.7"),  # everybody is ours
        ("10.0.0.1", "198.51.100.1, junk", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::5]:443", "2001:db8::5"),
        ("10.0.0.1", "198.51.100.1:5555", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("unix:", "198.51.100.1", ""),
    ],
)
def test_the_right_most_address_that_is_no_proxy_of_ours_is_the_client(peer: str, forwarded: str, client: str) -> None:
    """And only when the peer is one of ours."""
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    """The header is not even looked at."""
    assert client_address("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", ""),
        ("nobody", ""),
    ],
)
def test_an_address_is_kept_as_its_network(address: str, network: str) -> None:
    """A /24 or a /48 names no person."""
    assert truncated(address) == network


@given(st.text(max_size=80), st.text(max_size=200))
def test_no_header_crashes_it(peer: str, forwarded: str) -> None:
    """Any text gives an address or nothing."""
    truncated(client_address(peer, forwarded, (*PROXIES, "0.0.0.0/0")))
