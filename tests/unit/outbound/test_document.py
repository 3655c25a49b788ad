"""The document of a webhook tells what happened, and of the lead what was chosen."""

import json
from datetime import UTC, datetime

from nurture.outbound.document import chosen, document

LEAD = {
    "public_id": "abc",
    "name": 'Hạnh "\r\nX-Evil: 1',
    "email": "",
    "city": "Huế",
    "fields": {"course": "IELTS", "n": 3},
}


def test_the_form_is_that_of_standard_webhooks() -> None:
    """Type, timestamp, data; a hostile name stays inside its value."""
    at = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    text = document(at=at, campaign="welcome", step="tell", occurrence=1, enrollment=7, name="crm", lead=LEAD)
    found = json.loads(text)
    assert (found["type"], found["timestamp"]) == ("campaign.step", "2026-11-20T02:00:00+00:00")
    assert found["data"]["campaign"] == "welcome"
    assert (found["data"]["step"], found["data"]["round"], found["data"]["enrollment"]) == ("tell", 1, 7)
    assert found["data"]["lead"]["name"] == LEAD["name"]
    assert "\n" not in text


def test_only_what_was_chosen_is_told() -> None:
    """The public id always; what is missing is null."""
    assert chosen(LEAD, ("city", "email", "fields.course", "fields.gone")) == {
        "public_id": "abc",
        "city": "Huế",
        "email": None,
        "fields": {"course": "IELTS", "gone": None},
    }
    assert chosen(LEAD, ())["fields"] == {"course": "IELTS", "n": 3}
