"""`nurture campaigns compare` and `winner`: the ways of a split, told and chosen at the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status

CAMPAIGN = """
key: compared
name: {vi: So sánh, en: Compared}
entry: {by_hand: true}
steps:
  - {id: ab, split: {ways: {a: {weight: 1}, b: {weight: 1}}}}
  - {id: breathe, wait: 1 day}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one campaign that compares."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    for folder in ("campaigns", "emails"):
        (tmp_path / folder).mkdir()
    (tmp_path / "campaigns/compared.yaml").write_text(CAMPAIGN, "utf-8")
    folders = ("--campaigns", str(tmp_path / "campaigns"), "--templates", str(tmp_path / "emails"))
    applied = _run("apply", "--yes", *folders)
    assert applied.exit_code == Status.DONE, applied.output
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_way_is_chosen_and_given_up_again(home: Path) -> None:
    """Each time it is said what newcomers do."""
    assert home.exists()
    assert _run("campaigns", "winner", "compared", "ab", "b").stdout == "Newcomers go the way “b” now\n"
    (found,) = json.loads(_run("campaigns", "compare", "compared", "--json").stdout)
    assert (found["step"], found["winner"], found["reason"], found["by"]) == ("ab", "b", "chosen_by_hand", "cli")
    assert "ab: A person chose the way “b”" in _run("campaigns", "compare", "compared").stdout
    assert _run("campaigns", "winner", "compared", "ab").stdout == "Newcomers go all ways again\n"
    assert "ab: A person let leads go all ways again" in _run("campaigns", "compare", "compared").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("winner", "nothing", "ab", "a"), Status.FAILED, "There is no such campaign"),
        (("winner", "compared", "breathe", "a"), Status.FAILED, "The campaign compares no ways at this step"),
        (("winner", "compared", "ab", "c"), Status.WRONG_USE, "There is no such way"),
        (("compare", "nothing"), Status.FAILED, "There is no campaign “nothing”"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(home: Path, arguments: tuple[str, ...], status: Status, said: str) -> None:
    """It is said, and the command fails."""
    assert home.exists()
    answer = _run("campaigns", *arguments)
    assert answer.exit_code == status
    assert said in answer.output
