"""Fields of a house's own, as `_shared/fields.yaml` names them."""

import pytest

from nurture.campaigns.fields import read_fields, with_fields
from nurture.campaigns.load import Folder, load
from nurture.kernel.yamlfile import read
from nurture.leads.model import FieldDefinition, FieldType
from nurture.rules.facts import Facts, Type
from nurture.segments.store import built_in

FILE = "_shared/fields.yaml"
BIRTHDAY = "birthday: {name: Ngày sinh, type: date}\n"


def _codes(text: str, facts: Facts | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in read_fields(read(text, FILE), facts or built_in())[1]]


def test_each_has_a_name_and_a_type() -> None:
    """And a choice what may be chosen."""
    plan = "plan: {name: Gói, type: choice, choices: [cơ bản, đầy đủ]}\n"
    found, problems = read_fields(read(BIRTHDAY + plan, FILE), built_in())
    assert problems == []
    assert found == (
        FieldDefinition("birthday", "Ngày sinh", FieldType.DATE),
        FieldDefinition("plan", "Gói", FieldType.CHOICE, ("cơ bản", "đầy đủ")),
    )


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("city: {name: Thành phố, type: text}", "bad_field", "city"),
        ("birthday: date", "not_a_mapping", "birthday"),
        ("birthday: {type: date}", "missing_key", "birthday"),
        ("birthday: {name: Ngày sinh, type: day}", "unknown_value", "birthday.type"),
        ("plan: {name: Gói, type: choice}", "bad_choices", "plan.choices"),
        ("plan: {name: Gói, type: text, choices: [a]}", "bad_choices", "plan.choices"),
    ],
)
def test_what_cannot_be_a_field_is_said(text: str, code: str, path: str) -> None:
    """With the place."""
    assert (code, path) in _codes(text)


def test_a_field_that_is_there_keeps_its_type() -> None:
    """The same one may stand in the file; another type would leave what leads have unreadable."""
    there = with_fields(built_in(), BIRTHDAY, FILE)
    assert _codes(BIRTHDAY, there) == []
    assert _codes("birthday: {name: Ngày sinh, type: text}", there) == [("other_type", "birthday.type")]


def test_campaigns_and_segments_of_the_folder_may_ask_for_them() -> None:
    """Without the file they are unknown, which is said where they are named."""
    segments = ("_shared/segments.yaml", "young: {name: Trẻ, when: {field: birthday, after: 2000-01-01}}")
    without = load(Folder({}, {"segments": segments}), built_in())
    assert [one.code for one in without.problems] == ["unknown_field"]
    loaded = load(Folder({}, {"segments": segments, "fields": (FILE, BIRTHDAY)}), built_in())
    assert loaded.problems == ()
    assert [one.key for one in loaded.fields] == ["birthday"]
    assert with_fields(built_in(), BIRTHDAY, FILE).values["birthday"].type is Type.DATE
