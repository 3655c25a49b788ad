"""An address is taken apart strictly: what two readers could read in two ways is refused."""

import pytest

from nurture.outbound.address import Allowed, allowed
from nurture.outbound.target import Target, TargetError, read_target, refusal


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("https://crm.example.vn/hooks?a=1", Target(True, "crm.example.vn", 443, "/hooks?a=1"), "crm.example.vn"),
        ("https://CRM.example.vn.", Target(True, "crm.example.vn", 443, "/"), "crm.example.vn"),
        ("https://bücher.example/ä%20b", Target(True, "xn--bcher-kva.example", 443, "/%C3%A4%20b"), ""),
        ("https://crm.example.vn:8443/x", Target(True, "crm.example.vn", 8443, "/x"), "crm.example.vn:8443"),
        ("http://127.0.0.1:9000/x", Target(False, "127.0.0.1", 9000, "/x"), "127.0.0.1:9000"),
        ("https://[::FFFF:127.0.0.1]/", Target(True, "::ffff:7f00:1", 443, "/"), "[::ffff:7f00:1]"),
        ("https://a.vn/{x}\"<>|^`", Target(True, "a.vn", 443, "/%7Bx%7D%22%3C%3E%7C%5E%60"), "a.vn"),
    ],
)  # fmt: skip
def test_an_address_has_one_reading(url: str, target: Target, host: str) -> None:
    """The host in ASCII, the path quoted."""
    found = read_target(url)
    assert found == target
    assert found.shown_host == (host or found.host)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("ftp://a.vn/", id="another scheme"),
        pytest.param("//a.vn/", id="no scheme"),
        pytest.param("https:///x", id="no host"),
        pytest.param("https://user:secret@a.vn/", id="a password in it"),
        pytest.param("https://good.vn@evil.vn/", id="two hosts"),
        pytest.param("https://good.vn\\@evil.vn/", id="a backslash"),
        pytest.param("https://a.vn/x\r\nHost: evil.vn", id="another line"),
        pytest.param("https://a.vn/x y", id="a blank"),
        pytest.param("https://0x7f.0.0.1/", id="hex"),
        pytest.param("https://0x7f000001/", id="one number in hex"),
        pytest.param("https://2130706433/", id="one number"),
        pytest.param("https://0177.0.0.1/", id="octal"),
        pytest.param("https://127.1/", id="short"),
        pytest.param("https://127.0.0.1.5/", id="long"),
        pytest.param("https://1.2.3.256/", id="too large"),
        pytest.param("https://a_b..vn/", id="an empty label"),
        pytest.param("https://a.vn:99999/", id="no port"),
        pytest.param("https://a.vn:0/", id="port zero"),
        pytest.param("https://[::1/", id="half a bracket"),
        pytest.param("https://[fe80::1%25eth0]/", id="a scope"),
        pytest.param("https://a.vn/" + "x" * 3000, id="too long"),
        pytest.param("https://\u202ea.vn/", id="a mark that turns the text around"),
    ],
)
def test_what_is_not_plain_is_refused(url: str) -> None:
    """With words."""
    with pytest.raises(TargetError):
        read_target(url)


def test_fullwidth_digits_are_the_number_that_they_mean() -> None:
    """So that the look at the address sees it."""
    assert read_target("https://１２７.０.０.１/").host == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "allow", "free"),
    [
        ("https://crm.example.vn/", (), True),
        ("https://crm.example.vn:80/", (), True),
        ("http://crm.example.vn/", (), False),
        ("https://crm.example.vn:22/", (), False),
        ("http://crm.internal:9000/", ("crm.internal",), True),
        ("http://crm.internal:9000/", ("crm.internal:9000",), True),
        ("http://crm.internal:9001/", ("crm.internal:9000",), False),
        ("http://10.0.0.1/", ("10.0.0.0/8",), False),
    ],
)
def test_https_and_its_ports_unless_the_host_is_named(url: str, allow: tuple[str, ...], *, free: bool) -> None:
    """A network opens addresses, not http."""
    assert (refusal(read_target(url), allowed(allow) if allow else Allowed()) == "") is free
