"""What people ask of their data, from the command line: a copy, being asked once, being forgotten."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status

WHO = "mai@example.com"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of its own, with one lead."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "khach.csv").write_text(f"Name,Email\nLê Mai,{WHO}\n", "utf-8")
    assert _run("leads", "import", str(tmp_path / "khach.csv")).exit_code == Status.DONE


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_copy_is_a_page_or_data_and_writes_over_nothing(tmp_path: Path) -> None:
    """Readable by its owner only."""
    page, data = tmp_path / "copy.html", tmp_path / "copy.json"
    assert _run("leads", "export", WHO, "--out", str(page)).exit_code == Status.DONE
    assert "Lê Mai" in page.read_text("utf-8")
    assert _run("leads", "export", WHO, "--out", str(data)).exit_code == Status.DONE
    assert json.loads(data.read_text("utf-8"))["lead"][0]["email"] == WHO
    assert data.stat().st_mode & 0o777 == 0o600
    assert _run("leads", "export", WHO, "--out", str(data)).exit_code == Status.FAILED


def test_a_lead_is_asked_once() -> None:
    """The second time is refused."""
    assert _run("leads", "ask-consent", WHO).exit_code == Status.DONE
    assert _run("leads", "ask-consent", WHO).exit_code == Status.FAILED


def test_erasing_needs_a_yes_and_is_for_good() -> None:
    """A dry run and a command that nobody can be asked about change nothing."""
    assert json.loads(_run("leads", "erase", WHO, "--dry-run", "--json").stdout)["erased"] is False
    assert _run("leads", "erase", WHO).exit_code == Status.WRONG_USE
    assert _run("leads", "show", WHO).exit_code == Status.DONE
    assert _run("leads", "erase", WHO, "--yes").exit_code == Status.DONE
    assert _run("leads", "erase", WHO, "--yes").exit_code == Status.FAILED
    assert _run("leads", "show", WHO).exit_code == Status.FAILED


def test_nobody_asks_at_first() -> None:
    """And it says so."""
    assert _run("leads", "requests").stdout == "Nobody asks for anything.\n"
