"""Domains of one provider share a rate."""

import pytest

from nurture.delivery.domains import domain_group, group_of


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("an@gmail.com", "gmail.com"),
        ("an@GoogleMail.com", "gmail.com"),
        ("an@yahoo.com.vn", "yahoo.com"),
        ("an@hotmail.com", "outlook.com"),
        ("an@viettel.com.vn", "viettel.com.vn"),
        ("an@anphat.vn", "anphat.vn"),
        ("", ""),
    ],
)
def test_an_address_belongs_to_its_providers_group(address: str, group: str) -> None:
    """A firm's own domain stands alone."""
    assert group_of(address) == group
    assert domain_group(address.rpartition("@")[2]) == group
