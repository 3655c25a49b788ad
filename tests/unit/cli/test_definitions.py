"""`check`, `plan`, `apply`: what is new is called new, one rule of statuses, and a question where nobody is there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import gallery
from nurture.cli.main import main
from nurture.cli.output import Status
from nurture.kernel.settings import read_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with campaigns and emails of one's own, and the data of an installation."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    for source, name in zip(gallery(read_settings({})), ("campaigns", "emails"), strict=True):
        shutil.copytree(source, tmp_path / name)
    return tmp_path


def _run(home: Path, *arguments: str) -> Result:
    folders = ["--campaigns", str(home / "campaigns"), "--templates", str(home / "emails")]
    return CliRunner().invoke(main, [*arguments, *folders])


def _change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_on_an_empty_installation_everything_is_new(home: Path) -> None:
    """Emails too; languages of one email share a line."""
    planned = _run(home, "plan")
    lines = planned.stdout.splitlines()
    assert "New: the email template “welcome_series_hello” (en, vi)" in lines
    assert "New: the scoring rules" in lines
    assert lines[-1] == "64 new, 0 changed, 0 unchanged"
    assert not any(line.startswith("Changed") for line in lines)


def test_what_is_live_is_changed_or_unchanged(home: Path) -> None:
    """An email in one language, alerts in their file, a comment; all else stays as it is."""
    assert _run(home, "apply", "--yes").stdout.splitlines()[-1] == "Applied: 64 new, 0 changed, 0 unchanged"
    assert _run(home, "plan").stdout.splitlines() == ["Nothing changes.", "0 new, 0 changed, 64 unchanged"]
    _change(home / "campaigns/_shared/pipeline.yaml", "cooldown: 24 hours", "cooldown: 12 hours")
    _change(home / "campaigns/_shared/scoring.yaml", "\n", "\n# ours\n")
    hello = next((home / "emails/welcome_series_hello/vi").glob("subject*"))
    hello.write_text("Chào bạn", "utf-8")
    lines = _run(home, "plan").stdout.splitlines()
    assert lines == [
        "Only names or comments change: the scoring rules",
        "Changed: the pipeline",
        "    Changes in: alerts",
        "Changed: the email template “welcome_series_hello” (vi)",
        "",
        "0 new, 3 changed, 62 unchanged",
    ]
    data = json.loads(_run(home, "plan", "--json").stdout)
    whats = {(one["key"], one["language"]): one["what"] for one in data["emails"]}
    assert whats["welcome_series_hello", "vi"] == "changed"
    assert whats["welcome_series_hello", "en"] == "unchanged"


@pytest.mark.parametrize("command", [["check"], ["plan"], ["apply"], ["apply", "--yes"]], ids=" ".join)
def test_errors_in_the_files_are_findings_whichever_command_meets_them(home: Path, command: list[str]) -> None:
    """Status 1, with file, line and mend; nothing is applied."""
    _change(home / "campaigns/welcome_series.yaml", "send_email: welcome_series_hello", "send_email: nobody")
    done = _run(home, *command)
    assert done.exit_code == Status.FINDINGS
    assert "welcome_series.yaml:" in done.output
    assert ("Nothing was applied." in done.output) is (command[0] == "apply")


def test_a_script_is_told_of_errors_too(home: Path) -> None:
    """The same form of answer, with the problems and that nothing was applied."""
    _change(home / "campaigns/welcome_series.yaml", "send_email: welcome_series_hello", "send_email: nobody")
    answer = json.loads(_run(home, "apply", "--yes", "--json").stdout)
    assert answer["applied"] is False
    assert [one["code"] for one in answer["problems"]] == ["unknown_email"]


def test_a_warning_forbids_nothing(home: Path) -> None:
    """An email in one language only is said by all three, and is done."""
    shutil.rmtree(home / "emails/welcome_series_hello/en")
    for command in (["check"], ["plan"], ["apply", "--yes"]):
        done = _run(home, *command)
        assert done.exit_code == Status.DONE
        assert "missing in: en" in done.output


def test_without_a_terminal_it_says_what_was_not_done_and_what_to_type(home: Path) -> None:
    """Wrong use, not a bare "aborted"."""
    done = _run(home, "apply")
    assert done.exit_code == Status.WRONG_USE
    assert "Nothing was applied. This is no terminal" in done.stderr
    assert "apply --yes" in done.stderr
    assert "64 new" in _run(home, "plan").stdout


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [("c\n", Status.DONE, "Đã áp dụng: 64 mới"), ("\n", Status.FINDINGS, "Chưa áp dụng gì cả.")],
    ids=["yes", "no"],
)
def test_at_a_terminal_a_person_is_asked_in_their_language(home: Path, answer: str, status: Status, said: str) -> None:
    """Anything but a yes leaves it undone, and says so."""
    ours, theirs = os.openpty()
    env = {"NURTURE_LANGUAGE": "vi", "NURTURE_DATA_DIR": str(home / "data"), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "nurture", "apply"]
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        heard = b""
        while b"[c/K]" not in heard:
            heard += os.read(ours, 4096)
        os.write(ours, answer.encode())
        out, _ = process.communicate(timeout=30)
        heard += out + os.read(ours, 4096)
    os.close(ours)
    assert process.returncode == status
    assert said in heard.decode()
