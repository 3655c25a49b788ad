"""One definition of clean: format, lint, types and the layers contract, as `make check` runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", "nurture", "tests"],
        ["ruff", "check", "nurture", "tests"],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=["format", "lint", "types", "layers"],
)
def test_the_tree_is_clean(command: list[str]) -> None:
    """The tool finds nothing."""
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_row_lock_leaves_those_alone_that_only_refer_to_the_row() -> None:
    """FOR UPDATE would hold up every insert with a foreign key to it, and two of those make a deadlock."""
    calls = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in (ROOT / "nurture").rglob("*.py")
        for call in re.findall(r"with_for_update\([^)]*\)", path.read_text("utf-8"))
    ]
    assert calls
    assert [one for one in calls if "key_share=True" not in one] == []
