"""How commands speak: tables that line up, findings with place and mend, statuses that scripts can read."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from nurture.cli.contents import ENTRIES
from nurture.cli.main import main
from nurture.cli.output import Status, due, problem_data, problem_line, table
from nurture.cli.state import Commands
from nurture.kernel.errors import Problem


def test_columns_line_up_with_diacritics() -> None:
    """A decomposed letter takes one place, numbers stand to the right."""
    lines = table(("tên", "số"), [("Nguye\u0302\u0303n", 5), ("An", 1200)])
    assert lines == ["tên       số", "------  ----", "Nguye\u0302\u0303n     5", "An      1200"]


def test_a_finding_names_place_and_mend() -> None:
    """File, line and column before it, the mend below it."""
    problem = Problem("x", "“%(a)s” is wrong", "write %(b)s", "f.yaml", 3, 5, params=(("a", "1"), ("b", "2")))
    assert problem_line(problem) == "f.yaml:3:5: “1” is wrong\n    → write 2"
    assert problem_data(problem)["line"] == 3


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_command_has_help(name: str) -> None:
    """Its help says what it is for, and so does that of each command under it."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for under in getattr(command, "commands", {}).values():
        assert under.help


def test_help_lists_every_command() -> None:
    """Nothing is hidden."""
    said = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {name} " in said for name in ENTRIES)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["nonsense"], Status.WRONG_USE),
        (["leads", "import"], Status.WRONG_USE),
        (["leads", "import", "no-such-file.csv"], Status.WRONG_USE),
        (["sends", "--campaign", "nonsense"], Status.FAILED),
        (["campaigns", "pause", "nonsense"], Status.FAILED),
        (["users", "away", "a@example.com", "tomorrow", "later"], Status.WRONG_USE),
        (["users", "reset", "nobody@example.com"], Status.FAILED),
        (["explain", "lead", "nobody@example.com", "--segment", "x"], Status.FAILED),
        (["check"], Status.DONE),
        (["plan"], Status.DONE),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_status_says_how_it_ended(
    arguments: list[str], status: Status, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 done, 1 findings, 2 wrong use, 3 failed; and never a traceback."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == status, done.output
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_wrong_setting_stops_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and nothing starts."""
    monkeypatch.setenv("NURTURE_PORT", "x")
    done = CliRunner().invoke(main, ["sends"])
    assert done.exit_code == Status.WRONG_USE
    assert "NURTURE_PORT" in done.output


def test_json_answers_are_json(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty installation answers with an account of zeros."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    CliRunner().invoke(main, ["migrate"])
    account = json.loads(CliRunner().invoke(main, ["sends", "--json"]).output)
    assert account["audience"] == 0
    assert sum(account["states"].values()) == 0
    assert json.loads(CliRunner().invoke(main, ["instance", "show", "--json"]).output)["stopped_sending"] is None


@pytest.mark.parametrize(
    ("arguments", "undone", "typed"),
    [
        (["instance", "claim"], "This installation was not claimed.", "instance claim --yes"),
        (["users", "add", "a@example.com", "--name", "A"], "No account was added", "--password-file FILE"),
    ],
    ids=["claim", "password"],
)
def test_where_nobody_can_be_asked_a_command_says_what_to_type(
    arguments: list[str], undone: str, typed: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not done, why, and what to type instead; wrong use."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == Status.WRONG_USE
    assert undone in done.stderr
    assert "no terminal" in done.stderr
    assert typed in done.stderr


def test_the_short_helps_are_whole_sentences() -> None:
    """Nothing is cut off at 80 columns, in the list of commands and in each group's."""
    runner = CliRunner()
    groups = ("campaigns", "leads", "users", "instance", "keys", "explain", "broadcast", "segments", "webhooks")
    for arguments in ([], *([one] for one in groups)):
        said = runner.invoke(main, [*arguments, "--help"], terminal_width=80).output
        assert "..." not in said


def test_what_is_due_is_said_with_its_instant_and_how_long_it_takes() -> None:
    """In the house's zone; what is due already is due now."""
    now, zone = datetime(2026, 11, 22, 21, 40, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh")
    assert due(now + timedelta(hours=3, minutes=20), now, zone) == "2026-11-23 08:00, in 3 hours 20 minutes"
    assert due(now, now, zone) == "now"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_a_command_that_is_stopped_has_failed(stop: type[BaseException]) -> None:
    """Ctrl+C is neither done nor wrong use, and no traceback."""
    group = Commands("group")

    @group.command()
    def work() -> None:
        raise stop

    done = CliRunner().invoke(group, ["work"])
    assert done.exit_code == Status.FAILED
    assert done.stderr == "Stopped.\n"
