"""Adding a kind is one file and one test of its name."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "rules/operators",
    "campaigns/steps",
    "delivery/transports",
    "tracking/events",
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
