"""The step assign_owner gives the lead to somebody, named or by the rule."""

from dataclasses import replace
from typing import Any

import pytest

from nurture.campaigns.effects import AssignOwner, Go
from nurture.campaigns.steps import assign_owner
from nurture.rules.titles import OWNER, Titles
from tests.unit.campaigns.ground import moment, reading


@pytest.mark.parametrize(
    ("value", "effect"),
    [
        pytest.param({"to": "Lan@House.vn"}, AssignOwner("lan@house.vn"), id="named"),
        pytest.param({"by": "rule"}, AssignOwner(None), id="by the rule"),
        pytest.param({"by": "rule", "only_if_none": True}, AssignOwner(None, only_if_none=True), id="only if none"),
    ],
)
def test_it_gives_the_lead_and_goes_on(value: Any, effect: AssignOwner) -> None:
    """Whoever it is."""
    config = assign_owner.read(reading(), value, "p")
    assert assign_owner.act(config, moment()) == Go(effects=(effect,))


@pytest.mark.parametrize(
    ("value", "code", "severity"),
    [
        pytest.param({}, "no_owner", "error", id="nobody"),
        pytest.param({"to": "lan@house.vn", "by": "rule"}, "no_owner", "error", id="both"),
        pytest.param({"by": "chance"}, "unknown_value", "error", id="no such rule"),
        pytest.param({"by": "rule", "only_if_none": "yes"}, "not_a_flag", "error", id="no flag"),
        pytest.param({"to": "gone@house.vn"}, "unknown_staff", "warning", id="not among the staff"),
    ],
)
def test_what_cannot_be_done_is_a_finding(value: Any, code: str, severity: str) -> None:
    """Somebody who is missing may still come."""
    one = reading()
    one = replace(one, facts=one.facts.knowing(staff={"lan@house.vn"}))
    assign_owner.read(one, value, "p")
    assert [(problem.code, problem.severity) for problem in one.problems] == [(code, severity)]


def test_it_says_who_gets_it() -> None:
    """By name where there is one."""
    config = assign_owner.read(reading(), {"to": "lan@house.vn", "only_if_none": True}, "p")
    called = Titles({(OWNER, "lan@house.vn"): "Lan"})
    assert assign_owner.describe(config, "en", called) == "Give the lead to Lan, if it has no owner"
