"""Folding facts into a lead."""

from typing import Any

import pytest

from nurture.leads.match import fold_in, furthest
from nurture.leads.model import Lifecycle

LAN: dict[str, Any] = {
    "name": "Lan", "phone": "+84901111111", "city": "Huế", "company": "", "lifecycle": "lead", "fields": {"size": 5},
}  # fmt: skip


@pytest.mark.parametrize(
    ("brought", "replace", "changed", "conflicts"),
    [
        ({"name": "Lan", "city": "Huế"}, True, {}, ()),
        ({"city": "Hà Nội"}, True, {"city": ["Huế", "Hà Nội"]}, ()),
        ({"city": "Hà Nội"}, False, {}, ()),
        ({"company": "An Phát"}, False, {"company": ["", "An Phát"]}, ()),
        ({"city": ""}, True, {}, ()),
        ({"name": "Lan Anh"}, True, {}, (("name", "Lan Anh"),)),
        ({"phone": "+84902222222"}, False, {}, (("phone", "+84902222222"),)),
        ({"lifecycle": "customer"}, False, {"lifecycle": ["lead", "customer"]}, ()),
        ({"lifecycle": "subscriber"}, True, {}, ()),
        ({"fields": {"size": 6, "vip": False}}, True, {"fields.size": [5, 6], "fields.vip": [None, False]}, ()),
        ({"fields": {"size": 6, "vip": False}}, False, {"fields.vip": [None, False]}, ()),
    ],
)
def test_what_changes_and_what_conflicts(
    brought: dict[str, Any], replace: bool, changed: dict[str, Any], conflicts: tuple[tuple[str, str], ...]
) -> None:
    """Names and numbers are kept, stages never go back, blanks bring nothing."""
    before = {**LAN, "fields": dict(LAN["fields"])}
    folded = fold_in(LAN, brought, replace=replace)
    assert (folded.changed, folded.conflicts) == (changed, conflicts)
    assert before == LAN


def test_a_blank_name_is_filled() -> None:
    """Nothing there is nothing to conflict with."""
    folded = fold_in({**LAN, "name": ""}, {"name": "Mai"}, replace=False)
    assert (folded.facts["name"], folded.conflicts) == ("Mai", ())


def test_the_furthest_stage_wins() -> None:
    """In the order of the stages, whichever comes first."""
    stages = list(Lifecycle)
    for index, one in enumerate(stages):
        for other in stages[index:]:
            assert furthest(one, other) == furthest(other, one) == other
