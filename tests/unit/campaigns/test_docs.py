"""What docs/campaigns.md shows can be written so, and it shows everything that can be written."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from nurture.broadcasts.reading import KEYS as BROADCAST_KEYS
from nurture.broadcasts.reading import read_broadcast
from nurture.campaigns import entries, house, steps
from nurture.campaigns.fields import read_fields
from nurture.campaigns.load import Folder, load
from nurture.kernel.plugins import modules
from nurture.kernel.yamlfile import read
from nurture.rehearsal.model import Does
from nurture.rehearsal.script import read_script
from nurture.rules import operators
from nurture.segments.store import built_in

DOCS = Path(__file__).parents[3] / "docs" / "campaigns.md"
BLOCKS = re.findall(r"^## ([^\n]+)$|^```yaml\n(.*?)^```$", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
LANGUAGES = ("vi", "en")
EMAILS = {f"welcome_series_{one}": LANGUAGES for one in ("hello", "guide", "reminder")}
FIELDS = """
birthday: {name: Birthday, type: date}
contract_ends: {name: End of the contract, type: date}
interests: {name: Interests, type: list}
"""
SEGMENTS = """
new_leads: {name: New, when: {field: created_at, in_last: 7 days}}
customers: {name: Customers, when: {lifecycle: customer}}
guests: {name: Guests, by_hand: true}
"""
OTHER = """
key: other_campaign
name: Other
entry: {by_hand: true}
steps: [{id: only, add_tag: other}]
"""
HEAD = "key: one\nname: One\n"


def _texts() -> dict[str, str]:
    """The block of each section."""
    found, section = {}, ""
    for title, block in BLOCKS:
        section = title or section
        if block:
            found[section] = block
    return found


TEXTS = _texts()


def _findings(campaign: str, segments: str = "") -> list[str]:
    shared = {
        "segments": ("_shared/segments.yaml", SEGMENTS + segments), "fields": ("_shared/fields.yaml", FIELDS),
    }  # fmt: skip
    files = {"one.yaml": campaign, "other.yaml": OTHER}
    return [one.text() for one in load(Folder(files, shared), built_in(), EMAILS).errors]


def _items(text: str) -> list[str]:
    """The items of a list, each as it is written."""
    return [one for one in re.split(r"^(?=- )", text, flags=re.MULTILINE) if one.strip()]


def _indented(text: str, by: int = 2) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


def test_the_campaign_can_be_written_so() -> None:
    """Without a finding."""
    assert _findings(TEXTS["A campaign"]) == []


@pytest.mark.parametrize("item", _items(TEXTS["Entries"]))
def test_each_entry_can_be_written_so(item: str) -> None:
    """Without an error."""
    entry = _indented(item.removeprefix("- "))
    found = _findings(f"{HEAD}entry:\n{entry}\nsteps: [{{id: only, add_tag: x}}]\n")
    assert found == []


def test_the_steps_can_be_written_so() -> None:
    """All of them in one campaign."""
    assert _findings(f"{HEAD}entry: {{by_hand: true}}\nsteps:\n{_indented(TEXTS['Steps'])}\n") == []


@pytest.mark.parametrize("item", _items(TEXTS["Rules"]))
def test_each_rule_can_be_written_so(item: str) -> None:
    """As the condition of a segment."""
    segment = f"tried:\n  name: Tried\n  when:\n{_indented(item.removeprefix('- '), 4)}\n"
    assert _findings(TEXTS["A campaign"], segment) == []


def test_the_segments_can_be_written_so() -> None:
    """Under their first line."""
    text = "\n".join(line.removeprefix("  ") for line in TEXTS["Segments"].splitlines()[1:])
    assert _findings(TEXTS["A campaign"], f"{text}\n") == []


def test_the_fields_can_be_written_so() -> None:
    """Each of them, without a finding."""
    fields, problems = read_fields(read(TEXTS["Fields of your own"], "fields.yaml"), built_in())
    assert problems == []
    assert [one.key for one in fields] == ["birthday", "plan"]


def test_the_policy_can_be_written_so_and_names_every_key() -> None:
    """Quiet hours say what the window says, in another way."""
    text = TEXTS["Policy of the house"]
    assert house.load(text).cap is not None
    assert set(read(text, "policy.yaml").data) == set(house.KEYS) - {"quiet_hours"}


def test_the_broadcast_can_be_written_so() -> None:
    """With every key but those that others stand for."""
    source = read(TEXTS["Broadcasts"], "one.yaml")
    found, problems = read_broadcast(source, built_in().knowing(segment=["customers"]), EMAILS)
    assert problems == []
    assert found is not None
    assert set(source.data) == set(BROADCAST_KEYS) - {"missed", "email"}


def test_the_script_can_be_written_so_and_says_every_deed() -> None:
    """Of leads and of staff."""
    assert {one.does for one in read_script(TEXTS["Rehearsal script"])} == set(Does)


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(data, list):
        for one in data:
            yield from _keys(one)


@pytest.mark.parametrize(("section", "home"), [("Steps", steps), ("Entries", entries), ("Rules", operators)])
def test_every_kind_is_shown(section: str, home: Any) -> None:
    """A new kind of step, entry or operator is written about."""
    kinds = {name for name in modules(home.__name__) if not name.startswith("_")}
    assert kinds - set(_keys(read(TEXTS[section], "x.yaml").data)) == set()
