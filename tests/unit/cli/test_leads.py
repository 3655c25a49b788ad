"""`nurture leads` and `explain`: a file comes in, what was refused is mended and comes in too, one lead is shown."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status

FILE = "Họ và tên,Email,SĐT,Ghi chú\nLan,lan@example.com,0901234567,\nMai,mai at example.com,0901234568,quen\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, and a file beside it."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "khach.csv").write_text(FILE, "utf-8")
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_the_refused_file_is_named_and_comes_in_once_mended(home: Path) -> None:
    """The command to type is printed whole; the second import needs nothing but the file."""
    first = _run("leads", "import", str(home / "khach.csv"))
    assert first.exit_code == Status.FINDINGS
    (path,) = re.findall(r"nurture leads import (\S+)", first.stdout)
    refused = Path(path)
    refused.write_text(refused.read_text("utf-8-sig").replace("mai at example.com", "mai@example.com"), "utf-8-sig")
    second = _run("leads", "import", str(refused))
    assert second.exit_code == Status.DONE, second.output
    assert "1 rows: 1 created" in second.stdout
    shown = _run("leads", "show", "mai@example.com").stdout.splitlines()
    assert {"Name: Mai", "Phone: +84901234568", "Ghi chú: quen", "Temperature: cold"} <= set(shown)


def test_why_a_lead_is_in_a_segment_is_said_in_the_houses_zone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instants are those of the clock on the wall there."""
    monkeypatch.setenv("NURTURE_ZONE", "Pacific/Kiritimati")
    _run("leads", "import", str(home / "khach.csv"))
    _run("apply", "--yes")
    said = _run("explain", "lead", "lan@example.com", "--segment", "new_leads").stdout
    clock = _run("instance", "show").stdout
    minute = re.search(r"now: \d+-\d+-(\d+) (\d+):", clock)
    assert minute is not None
    assert f" {minute[2]}:" in said


def test_lists_say_what_to_do_where_they_are_empty(home: Path) -> None:
    """No table of nothing."""
    assert home.exists()
    _run("migrate")
    assert _run("campaigns", "list").stdout == "There are no campaigns yet: nurture apply\n"
    assert _run("users", "list").stdout == "There are no accounts yet.\n"
    assert _run("sends").stdout == "Audience: 0\n"


def test_a_dry_run_says_what_would_be_and_that_nothing_was_written(home: Path) -> None:
    """Not even a database; the import then does what was said."""
    tried = _run("leads", "import", str(home / "khach.csv"), "--dry-run")
    lines = tried.stdout.splitlines()
    assert tried.exit_code == Status.FINDINGS
    assert "2 rows: 1 would be created, 0 updated, 0 left unchanged; 0 duplicates, 1 refused" in lines
    assert any(line.startswith("1 lead would have no proof of consent") for line in lines)
    assert lines[-1] == "Nothing was written. Without --dry-run the file is imported."
    assert not (home / "data").exists()
    assert "2 rows: 1 created, 0 updated" in _run("leads", "import", str(home / "khach.csv")).stdout
