"""Webhooks go to the open internet, and to what the operator names."""

import pytest

from nurture.outbound.address import allowed, is_public


@pytest.mark.parametrize("address", ["203.113.131.1", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_are_public(address: str) -> None:
    """Also one that carries a public IPv4 address."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.9.1", id="all of loopback"),
        pytest.param("0.0.0.0", id="this host"),  # noqa: S104
        pytest.param("10.1.2.3", id="private"),
        pytest.param("172.16.0.1", id="private, too"),
        pytest.param("192.168.1.1", id="private at home"),
        pytest.param("100.64.0.1", id="carrier's own"),
        pytest.param("100.100.100.200", id="metadata of a cloud"),
        pytest.param("168.63.129.16", id="metadata behind a public number"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("169.254.1.1", id="link-local"),
        pytest.param("192.0.0.192", id="metadata in a protocol's block"),
        pytest.param("198.18.0.1", id="benchmarks"),
        pytest.param("203.0.113.9", id="documentation"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("::1", id="loopback v6"),
        pytest.param("::", id="unspecified v6"),
        pytest.param("fe80::1", id="link-local v6"),
        pytest.param("fe80::1%eth0", id="with a scope"),
        pytest.param("fec0::1", id="site-local v6"),
        pytest.param("fd00:ec2::254", id="metadata v6"),
        pytest.param("fc00::1", id="unique local"),
        pytest.param("ff02::1", id="multicast v6"),
        pytest.param("::ffff:127.0.0.1", id="mapped loopback"),
        pytest.param("::ffff:169.254.169.254", id="mapped metadata"),
        pytest.param("::ffff:8.8.8.8", id="mapped at all"),
        pytest.param("::127.0.0.1", id="compatible loopback"),
        pytest.param("64:ff9b::7f00:1", id="translated loopback"),
        pytest.param("64:ff9b::a9fe:a9fe", id="translated metadata"),
        pytest.param("64:ff9b:1::a00:1", id="translated private"),
        pytest.param("3fff::1", id="for examples, the newer block"),
        pytest.param("5f00::1", id="segment routing"),
        pytest.param("2002:7f00:1::", id="6to4 of loopback"),
        pytest.param("2002:a9fe:a9fe::1", id="6to4 of metadata"),
        pytest.param("2001:0:7f00:1::f5ff:fffe", id="teredo"),
        pytest.param("2001:db8::1", id="documentation v6"),
        pytest.param("not an address", id="no address"),
        pytest.param("0x7f000001", id="a number in hex"),
        pytest.param("0177.0.0.1", id="a number in octal"),
    ],
)
def test_everything_else_is_not(address: str) -> None:
    """Whatever it is wrapped in."""
    assert not is_public(address)


def test_the_operator_names_hosts_and_networks() -> None:
    """With a port or any; IPv6 with and without brackets."""
    found = allowed(("CRM.internal", "127.0.0.1:9000", "[::1]:9001", "fd00::5", "10.0.0.0/8"))
    assert found.host("crm.internal", 1)
    assert found.host("127.0.0.1", 9000)
    assert not found.host("127.0.0.1", 9001)
    assert found.host("::1", 9001)
    assert found.host("fd00::5", 443)
    assert found.address("10.200.3.4")
    assert not found.address("11.0.0.1")
    assert not found.address("fd00::5%eth0")


@pytest.mark.parametrize("entry", ["http://crm", "a b", "crm:99999", "crm:x", "user@crm"])
def test_what_is_no_host_is_refused(entry: str) -> None:
    """Loudly."""
    with pytest.raises(ValueError):
        allowed((entry,))
