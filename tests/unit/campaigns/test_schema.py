"""The JSON Schema is made of the steps, and stands in the gallery as made."""

from pathlib import Path

from nurture.campaigns.schema import schema, text
from nurture.campaigns.steps import kinds

FILE = Path(__file__).resolve().parents[3] / "campaigns" / "_schema" / "campaign.schema.json"


def test_the_file_is_what_the_steps_say() -> None:
    """Else: python -m nurture.campaigns.schema > campaigns/_schema/campaign.schema.json."""
    assert FILE.read_text("utf-8") == text()


def test_every_kind_of_step_is_in_it() -> None:
    """A new file in steps/ is enough."""
    named = {key for one in schema()["$defs"]["steps"]["items"]["anyOf"] for key in one["properties"]} - {"id"}
    assert named == set(kinds())
