"""`nurture sends resolve`: what may have arrived is listed, and resolved only by name and with a reason."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build
from nurture.cli.main import main
from nurture.kernel.settings import read_settings
from nurture.messages.tables import messages
from tests.faults.ground import fill, states


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three emails that may have arrived, and one that waits."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    assert _run("migrate").exit_code == 0
    context = build(read_settings({"NURTURE_DATA_DIR": str(tmp_path)}))
    fill(context, 4)
    unsure = {"state": "unknown", "reason": "handover_unsure", "gone_at": context.clock.engine()}
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id < 4).values(address="lead@example.com", **unsure))
    context.database.close()
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def _states(home: Path) -> dict[str, int]:
    context = build(read_settings({"NURTURE_DATA_DIR": str(home)}))
    try:
        return dict(states(context))
    finally:
        context.database.close()


def test_they_are_listed_with_what_is_known_and_resolved_by_number(home: Path) -> None:
    """The account itself is shown as ever."""
    listed = json.loads(_run("sends", "resolve", "--json").stdout)
    assert [row["id"] for row in listed] == [3, 2, 1]
    assert all(row["header_id"] and row["gone_at"] for row in listed)
    assert listed[0]["header_id"] in _run("sends", "resolve", "--since", "2020-01-01").stdout
    done = json.loads(_run("sends", "resolve", "2", "4", "--as", "sent", "--why", "log", "--yes", "--json").stdout)
    assert done == {"resolved": [2]}
    assert _states(home) == {"unknown": 2, "sent": 1, "queued": 1}
    assert json.loads(_run("sends", "resolve", "--all", "--as", "again", "--why", "log", "--yes", "--json").stdout) == {
        "resolved": [1, 3]
    }
    assert json.loads(_run("sends", "--json").stdout)["states"]["queued"] == 3


@pytest.mark.parametrize(
    "arguments",
    [("--as", "sent", "--all"), ("--as", "sent", "--why", "x"), ("--as", "drop", "--all", "--why", "x")],
    ids=["no reason", "nothing named", "no such answer"],
)
def test_nothing_is_resolved_by_the_way(home: Path, arguments: tuple[str, ...]) -> None:
    """Wrong use."""
    assert _run("sends", "resolve", *arguments, "--yes").exit_code == 2
    assert _states(home) == {"unknown": 3, "queued": 1}


def test_a_command_that_nobody_can_answer_changes_nothing(home: Path) -> None:
    """Without --yes, away from a terminal; and of what is not there, nothing is asked."""
    assert _run("sends", "resolve", "--all", "--as", "again", "--why", "x").exit_code != 0
    assert _run("sends", "resolve", "--until", "2020-01-01", "--as", "again", "--why", "x").exit_code == 0
    assert _run("sends", "resolve", "--campaign", "nowhere").exit_code != 0
    assert _states(home) == {"unknown": 3, "queued": 1}
