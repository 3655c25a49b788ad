"""Adding a kind is one file and one test of its name."""

from pathlib import Path
from typing import get_args

import pytest

from nurture.campaigns.effects import Effect
from nurture.engine.performing import performers

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "rules/operators",
    "campaigns/entries",
    "campaigns/steps",
    "delivery/transports",
    "tracking/events",
    "outbound/transports",
    "inbound/webhooks",
    "alerts/triggers",
    "alerts/notifiers",
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_kind_has_a_test_of_its_name(folder: str) -> None:
    """No plug-in file without tests/**/test_<name>.py."""
    kinds = [path.stem for path in (ROOT / "nurture" / folder).glob("*.py") if not path.stem.startswith("_")]
    tests = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert kinds
    assert [kind for kind in kinds if f"test_{kind}" not in tests] == []


def test_every_effect_has_one_who_does_it() -> None:
    """The union of effects is closed: each member is done by one file of engine/performing."""
    assert set(performers()) == set(get_args(Effect))
