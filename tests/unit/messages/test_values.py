"""What an email sees."""

import json
from dataclasses import dataclass, field
from typing import Any

import phonenumbers
import pytest

from nurture.kernel.settings import read_settings
from nurture.messages.values import house_values, lead_values, message_values, shown_phone, staff_values


@dataclass(frozen=True, slots=True)
class Lead:
    """The columns that values are made of."""

    name: str = "Nguyễn Văn Minh"
    given_name: str = "Minh"
    honorific: str = "anh"
    email: str | None = None
    phone: str | None = "+84901234567"
    city: str = ""
    public_id: str = "k3"
    fields: dict[str, Any] = field(default_factory=lambda: {"size": 3})


@dataclass(frozen=True, slots=True)
class Owner:
    """A salesperson."""

    name: str = "Trần Thị Lan"
    email: str = "lan@anphat.example"
    phone: str | None = None


def test_every_key_is_there_also_where_the_value_is_missing() -> None:
    """So that a missing value and a misspelt field are told apart."""
    values = message_values(Lead(), None, None, {"name": "An Phát", "address": "", "email": "a@b.example"})

    assert set(values) == {"lead", "owner", "company", "house", "reason_line", "refused_at", "agree_url", "wording"}
    assert values["lead"]["email"] == ""
    assert values["lead"]["fields"] == {"size": 3}
    assert values["owner"] == dict.fromkeys(values["owner"], "")
    assert values["company"]["name"] is None
    assert json.loads(json.dumps(values)) == values


def test_values_are_copies() -> None:
    """Frozen means that nobody changes them behind the message's back."""
    lead = Lead()
    values = lead_values(lead, "An Phát")
    lead.fields["size"] = 9

    assert values["fields"] == {"size": 3}
    assert values["company"] == "An Phát"


def test_a_phone_number_is_also_shown_as_it_is_read_aloud() -> None:
    """E.164 for the link, the national form for the eye."""
    assert lead_values(Lead())["phone"] == "+84901234567"
    assert lead_values(Lead())["phone_shown"] == "0901 234 567"
    assert shown_phone("+442079460018") == "+44 20 7946 0018"
    assert shown_phone("odd") == "odd"


@pytest.mark.parametrize("first", ["3", "5", "7", "8", "9", "24", "28", "4", "6"])
def test_the_short_way_of_showing_a_number_is_the_long_one(first: str) -> None:
    """Mobile numbers of Vietnam are not asked of the library."""
    stored = f"+84{first}1234567890"[:12]
    parsed = phonenumbers.parse(stored, None)

    assert shown_phone(stored) == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def test_the_house_has_a_name_in_any_case() -> None:
    """The one set, else the sender's, else the domain."""

    def name(**env: str) -> str:
        return house_values(read_settings({"HOME": "/home/nobody", **env}))["name"]

    assert name(NURTURE_HOUSE_NAME="An Phát", NURTURE_MAIL_FROM="Tin <a@b.example>") == "An Phát"
    assert name(NURTURE_MAIL_FROM="Tin <a@b.example>") == "Tin"
    assert name(NURTURE_MAIL_FROM="a@b.example") == "b.example"


def test_staff_values_say_who_and_what() -> None:
    """The owner is who the mail goes to."""
    values = staff_values(Owner(), {"name": "An Phát"}, link="https://m.example/invite/x")

    assert values["owner"]["name"] == "Trần Thị Lan"
    assert values["link"] == "https://m.example/invite/x"
