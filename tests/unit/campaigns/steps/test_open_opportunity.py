"""The step open_opportunity opens or proposes an opportunity."""

from typing import Any

import pytest

from nurture.campaigns.effects import Go, OpenOpportunity
from nurture.campaigns.steps import open_opportunity
from tests.unit.campaigns.ground import moment, reading


def test_it_opens_and_goes_on() -> None:
    """All parts are optional."""
    bare = open_opportunity.read(reading(), {}, "p")
    full = open_opportunity.read(
        reading(), {"propose": True, "name": "Web", "product_line": "web", "value": 5_000_000}, "p"
    )
    assert open_opportunity.act(bare, moment()) == Go(effects=(OpenOpportunity(),))
    effect = OpenOpportunity(propose=True, name="Web", product_line="web", value=5_000_000)
    assert open_opportunity.act(full, moment()) == Go(effects=(effect,))
    assert open_opportunity.describe(bare, "vi") == "Mở một cơ hội"
    assert open_opportunity.describe(full, "en") == "Propose the opportunity “Web” to the owner"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"propose": "yes"}, "not_a_flag", id="no flag"),
        pytest.param({"value": -1}, "bad_value", id="less than nothing"),
        pytest.param({"value": True}, "bad_value", id="no amount"),
        pytest.param({"name": ""}, "not_text", id="no name"),
        pytest.param({"stage": "new"}, "unknown_key", id="no such part"),
        pytest.param("now", "not_a_mapping", id="no parts"),
    ],
)
def test_what_cannot_be_opened_is_a_finding(value: Any, code: str) -> None:
    """Each part is checked."""
    one = reading()
    open_opportunity.read(one, value, "p")
    assert [problem.code for problem in one.problems] == [code]
