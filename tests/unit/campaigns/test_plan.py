"""A plan says exactly which steps are added, removed, changed and moved."""

import pytest

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.model import Campaign
from nurture.campaigns.plan import Change, StepChange, What, changed_parts, step_changes
from tests.unit.campaigns.ground import FACTS, source

HEAD = "key: a\nname: A\nentry: {by_hand: true}\nsteps:\n"
BEFORE = "  - {id: one, wait: 1 day}\n  - {id: two, wait: 2 days}\n  - {id: three, wait: 3 days}\n"


def _read(steps: str, more: str = "") -> Campaign:
    found, problems = read_campaign(source(HEAD + steps + more), FACTS)
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        pytest.param(BEFORE, {}, id="nothing"),
        pytest.param(BEFORE.replace("2 days", "4 days"), {"two": StepChange.CHANGED}, id="changed"),
        pytest.param(BEFORE + "  - {id: four, wait: 1 day}\n", {"four": StepChange.ADDED}, id="added"),
        pytest.param(
            BEFORE.replace("  - {id: three, wait: 3 days}\n", ""), {"three": StepChange.REMOVED}, id="removed"
        ),
        pytest.param(
            "  - {id: two, wait: 2 days}\n  - {id: one, wait: 1 day}\n  - {id: three, wait: 3 days}\n",
            {"two": StepChange.MOVED, "three": StepChange.MOVED},
            id="moved",
        ),
    ],
)
def test_each_step_is_told(after: str, changes: dict[str, StepChange]) -> None:
    """By id."""
    assert dict(step_changes(_read(BEFORE), _read(after))) == changes


def test_other_parts_are_told() -> None:
    """Policy, goal, exit, entry."""
    assert changed_parts(_read(BEFORE), _read(BEFORE, "sending: {cap: 1 in 1 day}\n")) == ("sending",)


def test_a_change_is_said_in_sentences() -> None:
    """Those under way keep theirs, and it says how many."""
    change = Change("campaign", "a", What.CHANGED, (("two", StepChange.CHANGED),), ("goal",), under_way=12)
    assert change.sentences("en") == [
        "Changed: the campaign “a”",
        "Step “two” changes",
        "Changes in: goal",
        "12 leads under way keep the revision they are on",
    ]
    assert Change("campaign", "a", What.NEW, existing=1).sentences("en")[1] == "1 lead of the segment enters now"
