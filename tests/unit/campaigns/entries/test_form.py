"""The entry form takes in who sends one in."""

from nurture.activities.model import Kind
from nurture.campaigns.entries import form
from nurture.campaigns.signals import Signal
from tests.unit.campaigns.ground import NOW, reading


def test_it_asks_for_its_form() -> None:
    """By the form's key, in the activity that a form writes."""
    config = form.read(reading(), "contact", "entry.form")
    assert form.hears(config) == {Kind.FORM_SUBMITTED}
    assert form.asks(config, Signal(1, Kind.FORM_SUBMITTED, NOW, "activity:1", {"form": "contact"}))
    assert not form.asks(config, Signal(1, Kind.FORM_SUBMITTED, NOW, "activity:1", {"form": "other"}))
    assert form.describe(config, "vi") == "Khách gửi biểu mẫu “contact”."


def test_its_schema_says_what_it_waits_for() -> None:
    """There are no forms yet."""
    assert "Waits for forms" in form.SCHEMA["description"]
