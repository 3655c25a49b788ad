"""Which database a command works on: reading makes none, beginning says where, and the demo's has to be asked for."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status
from nurture.cli.state import NO_DATABASE, NO_DEMO, ONLY_DEMO
from nurture.kernel.i18n import translate

READING = [
    ["campaigns", "list"], ["sends"], ["export", "out"], ["instance", "show"], ["users", "list"],
    ["leads", "show", "a@example.com"], ["explain", "lead", "a@example.com", "--segment", "new_leads"],
]  # fmt: skip
CHANGING = [["users", "reset", "a@example.com"], ["campaigns", "pause", "hello"], ["instance", "claim", "--yes"]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that nobody has made yet."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="nurture")


@pytest.mark.parametrize("command", [*READING, *CHANGING], ids=" ".join)
def test_what_needs_a_database_makes_none(data: Path, command: list[str]) -> None:
    """It says which one is meant, and what makes it."""
    done = _run(*command)
    assert done.exit_code == Status.FAILED
    assert done.stderr == f"Error: {NO_DATABASE % {'place': data / 'nurture.db'}}\n"
    assert not data.exists()


def test_where_only_the_demo_is_the_way_to_it_is_said(data: Path) -> None:
    """The command is given as it is typed, and it works."""
    assert _run("--demo", "migrate").exit_code == Status.DONE
    there = sorted(data.iterdir())
    done = _run("users", "list")
    assert done.exit_code == Status.FAILED
    typed = {"place": data / "nurture.db", "command": "nurture --demo users list"}
    assert done.stderr == f"Error: {ONLY_DEMO % typed}\n"
    assert sorted(data.iterdir()) == there
    assert _run("--demo", "users", "list").exit_code == Status.DONE


def test_a_demo_that_never_ran_is_not_made_by_asking(data: Path) -> None:
    """Also where there is a real database beside it."""
    _run("migrate")
    done = _run("--demo", "sends")
    assert done.exit_code == Status.FAILED
    assert done.stderr == f"Error: {NO_DEMO % {'place': data / 'demo.db'}}\n"
    assert not (data / "demo.db").exists()


def test_a_plan_without_a_database_is_one_for_an_empty_one(data: Path) -> None:
    """It says so, names the demo's if there is one, and leaves nothing behind."""
    first = _run("plan")
    assert first.exit_code == Status.DONE
    assert first.stderr == f"There is no database at {data / 'nurture.db'}, and none is made: tried on an empty one.\n"
    assert not data.exists()
    _run("--demo", "migrate")
    second = _run("plan")
    assert second.stdout == first.stdout
    assert second.stderr.endswith("The demo has one beside it; to ask the demo: nurture --demo plan\n")
    assert not (data / "nurture.db").exists()


def test_a_file_without_tables_is_no_database(data: Path) -> None:
    """An earlier look may have left one."""
    data.mkdir()
    (data / "nurture.db").touch()
    done = _run("sends")
    assert done.exit_code == Status.FAILED
    assert "There is no database" in done.stderr


def test_what_begins_something_says_where_a_database_is_made(data: Path) -> None:
    """Once."""
    first, second = _run("apply", "--yes"), _run("apply", "--yes")
    assert first.stderr == f"A new database is made at {data / 'nurture.db'}\n"
    assert (first.exit_code, second.exit_code, second.stderr) == (Status.DONE, Status.DONE, "")


@pytest.mark.parametrize("text", [NO_DATABASE, ONLY_DEMO, NO_DEMO])
def test_which_database_is_meant_is_said_in_vietnamese_too(text: str) -> None:
    """With the same places to fill."""
    places = {"place": "/x/nurture.db", "command": "nurture --demo sends"}
    said = translate("vi", text, **places)
    assert said != text % places
    assert "/x/nurture.db" in said
