"""`nurture leads duplicates` and `merge`: what looks alike, what would happen, and that it happens once."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status

FILE = (
    "Name,Email,Phone,City\nLan,lan@example.com,0901234567,\nLan Anh,anh@example.com,0901234567,Huế\n"
    "Mai,mai@example.com,0901234568,\n"
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of its own, with three leads, two of one number."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "khach.csv").write_text(FILE, "utf-8")
    assert _run("leads", "import", str(tmp_path / "khach.csv")).exit_code == Status.DONE


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_pairs_are_listed_with_why() -> None:
    """And by page, as data."""
    said = _run("leads", "duplicates").stdout
    assert "lan@example.com" in said
    assert "same number" in said
    assert "mai@example.com" not in said
    data = json.loads(_run("leads", "duplicates", "--json").stdout)
    assert [one["same"] for one in data["pairs"]] == [["phone"]]
    assert data["after"] is None
    assert _run("leads", "duplicates", "--after", "999~999").stdout == "No pairs look alike.\n"
    assert _run("leads", "duplicates", "--after", "x").exit_code == Status.WRONG_USE


def test_a_dry_run_says_what_would_be_and_writes_nothing() -> None:
    """The merge then does it, once."""
    tried = _run("leads", "merge", "anh@example.com", "lan@example.com", "--take", "name", "--dry-run")
    assert tried.exit_code == Status.DONE, tried.output
    assert tried.stdout.splitlines()[0] == "anh@example.com would be merged into lan@example.com:"
    assert {"    name: Lan Anh, the loser's", "    city: Huế, the loser's"} <= set(tried.stdout.splitlines())
    assert "same number" in _run("leads", "duplicates").stdout
    done = _run("leads", "merge", "anh@example.com", "lan@example.com", "--take", "name", "--yes", "--json")
    data = json.loads(done.stdout)
    assert (data["already"], data["taken"], data["email"]) == (False, ["name", "city"], "no_consent")
    shown = json.loads(_run("leads", "show", "anh@example.com", "--json").stdout)
    assert (shown["email"], shown["name"]) == ("lan@example.com", "Lan Anh")
    again = _run("leads", "merge", "anh@example.com", "lan@example.com")
    assert again.exit_code == Status.DONE
    assert "there is nothing to do" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["lan@example.com", "lan@example.com", "--yes"], Status.WRONG_USE),
        (["lan@example.com", "mai@example.com", "--take", "city", "--yes"], Status.WRONG_USE),
        (["nobody@example.com", "mai@example.com", "--yes"], Status.FAILED),
        (["lan@example.com", "mai@example.com"], Status.WRONG_USE),  # nobody can be asked
    ],
)
def test_what_cannot_be_merged_is_refused(arguments: list[str], status: Status) -> None:
    """With its status, and nothing is written."""
    assert _run("leads", "merge", *arguments).exit_code == status
    assert json.loads(_run("leads", "show", "lan@example.com", "--json").stdout)["name"] == "Lan"
