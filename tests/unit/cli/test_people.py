"""`nurture users` and the first start: somebody can always sign in as an admin."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build, for_demo, prepare
from nurture.cli.main import main
from nurture.cli.serve import ADMIN, announce, announce_demo, first_admin
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, not started yet."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def started(home: Path) -> Iterator[Context]:
    """The same installation, as its first start finds it."""
    settings = read_settings({"NURTURE_DATA_DIR": str(home)})
    prepare(settings)
    context = build(settings, runs_engine=True)
    yield context
    context.database.close()


def _invite(email: str, role: str) -> Result:
    return CliRunner().invoke(main, ["users", "invite", email, "--name", "An", "--role", role])


def test_an_invitation_without_an_admin_warns(home: Path) -> None:
    """Until there is one; the link is printed all the same."""
    first = _invite("an@example.com", "sales")
    assert "There is no admin yet" in first.stderr
    assert "/invite/" in first.stdout
    assert _invite("boss@example.com", "admin").stderr == ""
    assert _invite("binh@example.com", "sales").stderr == ""


def test_the_first_start_makes_an_admin_and_says_why(started: Context, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where somebody was invited before; the second start makes none."""
    _invite("an@example.com", "sales")
    made = first_admin(started)
    assert made is not None
    announce(made)
    said = capsys.readouterr().out
    assert "nobody could sign in as an admin" in said
    assert f"sign in as {made.email}, password {made.password}" in said
    assert first_admin(started) is None


def test_in_an_empty_house_only_the_account_is_said(started: Context, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was amiss."""
    made = first_admin(started)
    assert made is not None
    announce(made)
    assert capsys.readouterr().out.count("\n") == 1


def test_a_demo_started_again_says_which_password_and_how_to_get_a_new_one(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start has it at hand; later ones name the command, which works as it is printed."""
    settings = for_demo(read_settings({"NURTURE_DATA_DIR": str(home)}))
    announce_demo(settings, is_new=True)
    assert "with the same password, for example ha@anphat.example" in capsys.readouterr().out
    announce_demo(settings, is_new=False)
    lines = capsys.readouterr().out.splitlines()
    assert "the password is the one printed at the first start" in lines[0]
    where, _nurture, *typed = shlex.split(lines[1].partition("new one: ")[2])
    CliRunner().invoke(main, ["--demo", "migrate"])
    password = ["--password-file", "-"]
    CliRunner().invoke(main, ["--demo", "users", "add", ADMIN, "--name", "A", *password], input="một câu dễ nhớ\n")
    monkeypatch.setenv(*where.split("=", 1))
    assert "/reset/" in CliRunner().invoke(main, typed).stdout
