"""`nurture broadcast`: a draft out of a file, the look, launching by the number, holding, the account."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build
from nurture.broadcasts.progress import progress
from nurture.cli.main import main
from nurture.cli.output import Status
from nurture.kernel.leases import hold, release
from nurture.kernel.settings import read_settings
from nurture.scheduler import LEASE
from nurture.segments import store as segments
from nurture.segments.upkeep import keep
from tests.storage.casting import ground
from tests.storage.ticking import add_leads

FILE = """
key: tet
name: Ưu đãi Tết
segment: everyone
email: hello
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with ten leads, three of whom have not agreed, and one email."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    assert _run("migrate").exit_code == 0
    context = build(read_settings({"NURTURE_DATA_DIR": str(tmp_path)}))
    ground(context)
    add_leads(context, 7)
    add_leads(context, 3, agreed=False)
    with context.database.read() as conn:
        facts = segments.facts(conn)
    keep(context.database, context.clock.engine(), context.clock.real(), facts)
    context.database.close()
    (tmp_path / "tet.yaml").write_text(FILE, "utf-8")
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def _json(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(_run(*arguments, "--json").stdout)
    return found


def test_a_file_is_a_draft_that_is_looked_at_and_launched_by_its_number(home: Path) -> None:
    """Seven of ten: a third gets nothing, so the number is asked for."""
    assert _run("broadcast", "new", str(home / "tet.yaml")).exit_code == 0
    look = _json("broadcast", "check", "tet")
    assert (look["audience"], look["will"], look["refused"]) == (10, 7, {"no_consent": 3})
    assert look["sentence"] == "7 of 10: 3 without consent"
    refused = _run("broadcast", "send", "tet")
    assert refused.exit_code == Status.WRONG_USE
    assert "Type 7 to confirm" in refused.stderr
    assert _json("broadcast", "send", "tet", "--confirm", "7")["state"] == "scheduled"
    context = build(read_settings({"NURTURE_DATA_DIR": str(home)}))
    progress(context)
    context.database.close()
    shown = _json("broadcast", "show", "tet")
    assert shown["state"] == "sending"
    assert (shown["audience"], dict(shown["states"])["skipped"]) == (10, 3)  # type: ignore[call-overload]
    account = _json("sends", "--broadcast", "tet")
    assert account["audience"] == 10
    assert _json("broadcast", "pause", "tet")["state"] == "paused"
    assert _json("broadcast", "resume", "tet")["state"] == "sending"
    assert _json("broadcast", "stop", "tet")["state"] == "stopped"


def test_one_is_scheduled_for_a_time_and_taken_back(home: Path) -> None:
    """By the clock of the house, or by each reader's."""
    _run("broadcast", "new", str(home / "tet.yaml"))
    assert _run("broadcast", "schedule", "tet").exit_code == Status.WRONG_USE
    both = _run("broadcast", "schedule", "tet", "--at", "2099-01-01 08:00", "--local", "2099-01-01 08:00")
    assert both.exit_code == Status.WRONG_USE
    done = _json("broadcast", "schedule", "tet", "--at", "2099-01-01 08:00", "--confirm", "7")
    assert (done["state"], done["starts_at"]) == ("scheduled", "2099-01-01T01:00:00+00:00")
    assert _json("broadcast", "edit", "tet")["state"] == "draft"
    listed = json.loads(_run("broadcast", "list", "--json").stdout)
    assert [one["key"] for one in listed] == ["tet"]
    assert "tet" in _run("broadcast", "list").stdout


def test_what_is_wrong_in_a_file_is_said_with_its_line(home: Path) -> None:
    """Every finding, and nothing is kept."""
    (home / "bad.yaml").write_text(FILE.replace("everyone", "nobody").replace("email: hello", "email: helo"), "utf-8")
    done = _run("broadcast", "new", str(home / "bad.yaml"))
    assert done.exit_code == Status.FINDINGS
    assert "bad.yaml:4" in done.stderr
    assert "bad.yaml:5" in done.stderr
    assert json.loads(_run("broadcast", "list", "--json").stdout) == []


def test_a_draft_is_made_of_names_alone() -> None:
    """The key comes from the name."""
    made = _json("broadcast", "new", "--name", "Ưu đãi Tết", "--segment", "everyone", "--email", "hello")
    assert made["key"] == "uu_dai_tet"
    assert _run("broadcast", "new").exit_code == Status.WRONG_USE
    assert _run("broadcast", "show", "nothing").exit_code == Status.FAILED


def test_a_draft_is_looked_at_with_the_leads_there_are_now(home: Path) -> None:
    """No clock runs, so the segment is looked over first; while one runs, that is left to it."""
    _run("broadcast", "new", str(home / "tet.yaml"))
    context = build(read_settings({"NURTURE_DATA_DIR": str(home)}))
    add_leads(context, 2)
    assert hold(context.database, LEASE, "somebody", timedelta(minutes=1)) is not None
    assert _json("broadcast", "check", "tet")["audience"] == 10
    release(context.database, LEASE, "somebody")
    context.database.close()
    assert _json("broadcast", "check", "tet")["audience"] == 12
    (everyone,) = [one for one in json.loads(_run("segments", "list", "--json").stdout) if one["key"] == "everyone"]
    assert everyone["members"] == 12
