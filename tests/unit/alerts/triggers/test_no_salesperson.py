"""`no_salesperson` tells those who can help."""

from typing import Any

import pytest

from nurture.alerts.model import Moment
from nurture.alerts.triggers import triggers
from nurture.users.model import Role


@pytest.mark.parametrize(
    ("more", "is_due"),
    [
        pytest.param({"opened": True}, True, id="opened, and nobody's"),
        pytest.param({"opened": True, "owner_id": 1}, False, id="somebody has it"),
        pytest.param({"became_hot": True, "has_open": True}, False, id="known already"),
    ],
)
def test_it_is_due_when_there_is_nobody_to_assign(more: dict[str, Any], is_due: bool) -> None:
    """Once, at the opening."""
    assert triggers()["no_salesperson"].due(Moment(1, "activity:1", **more)) is is_due


def test_it_goes_to_those_who_define_things() -> None:
    """Admins and marketers."""
    assert triggers()["no_salesperson"].ROLES == (Role.ADMIN, Role.MARKETER)
