"""`hot_lead` tells the owner."""

from typing import Any

import pytest

from nurture.alerts.model import Moment
from nurture.alerts.triggers import triggers


@pytest.mark.parametrize(
    ("more", "is_due"),
    [
        pytest.param({"owner_id": 1, "opened": True}, True, id="opened by itself"),
        pytest.param({"owner_id": 1, "became_hot": True, "has_open": True}, True, id="hot while one is open"),
        pytest.param({"owner_id": 1, "became_hot": True}, False, id="hot, and no opportunity"),
        pytest.param({"owner_id": 1, "has_open": True}, False, id="nothing new"),
        pytest.param({"opened": True}, False, id="nobody to tell"),
    ],
)
def test_it_is_due_when_the_owner_should_call(more: dict[str, Any], is_due: bool) -> None:
    """An opportunity opened, or its lead became hot again."""
    assert triggers()["hot_lead"].due(Moment(1, "activity:1", **more)) is is_due
