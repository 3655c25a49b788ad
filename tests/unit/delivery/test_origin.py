"""Who a mail seems to come from."""

import pytest

from nurture.delivery.origin import origin
from nurture.kernel.settings import read_settings

SETTINGS = read_settings({"HOME": "/nowhere", "NURTURE_MAIL_FROM": "An Phát <tin@anphat.example>"})
OURS = {"name": "Lan", "email": "lan@anphat.example", "phone": ""}
ELSEWHERE = {"name": "Lan", "email": "lan@gmail.com", "phone": ""}
NOBODY = {"name": "", "email": "", "phone": ""}
LETTERS = {"name": "Lan", "email": "lân@anphat.example", "phone": ""}


@pytest.mark.parametrize(
    ("owner", "wanted", "expected"),
    [
        (OURS, "house", ("tin@anphat.example", "An Phát", ("", ""))),
        (OURS, "owner", ("lan@anphat.example", "Lan", ("", ""))),
        (ELSEWHERE, "owner", ("tin@anphat.example", "Lan", ("lan@gmail.com", "Lan"))),
        (NOBODY, "owner", ("tin@anphat.example", "An Phát", ("", ""))),
        (LETTERS, "owner", ("tin@anphat.example", "Lan", ("", ""))),
    ],
    ids=["house", "owner in the domain", "owner elsewhere", "no owner", "an address without ASCII form"],
)
def test_from_is_an_address_of_the_house_domain(
    owner: dict[str, str], wanted: str, expected: tuple[str, str, tuple[str, str]]
) -> None:
    """An owner's foreign address stands in Reply-To."""
    assert origin({"owner": owner}, wanted, SETTINGS) == expected


def test_the_house_may_be_named_by_its_own_setting() -> None:
    """Where the sender's setting has an address only."""
    settings = read_settings({"HOME": "/x", "NURTURE_MAIL_FROM": "a@b.example", "NURTURE_HOUSE_NAME": "An Phát"})
    assert origin({}, "house", settings) == ("a@b.example", "An Phát", ("", ""))


def test_a_mail_to_staff_about_a_letter_is_answered_to_the_lead() -> None:
    """An address that no header can carry is left out."""
    values = {"owner": {"email": "hoa@anphat.example", "name": "Hoa"}, "reply_to": {"email": "mai@b.vn", "name": "Mai"}}
    assert origin(values, "house", SETTINGS)[2] == ("mai@b.vn", "Mai")
    assert origin({**values, "reply_to": {"email": "mạ@b.vn", "name": "Mai"}}, "house", SETTINGS)[2] == ("", "")
