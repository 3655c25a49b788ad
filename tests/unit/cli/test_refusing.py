"""`nurture leads refuse`, `do-not-call`, `suppress`: noes that reached us otherwise than by a link."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.cli.main import main
from nurture.cli.output import Status


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of its own, with a lead."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "khach.csv").write_text("Name,Email,Phone\nLan,lan@example.com,0901234567\n", "utf-8")
    assert _run("leads", "import", str(tmp_path / "khach.csv")).exit_code == Status.DONE


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_no_on_the_phone_is_kept_once() -> None:
    """With its proof; a channel, a person or a topic that is not there is an error."""
    told = ("leads", "refuse", "lan@example.com", "--channel", "call", "--proof", "Said to Minh at nine", "--json")
    assert [json.loads(_run(*told).stdout)["new"] for _ in range(2)] == [True, False]
    assert _run("leads", "refuse", "lan@example.com").exit_code == Status.WRONG_USE
    assert _run("leads", "refuse", "nobody@example.com", "--proof", "x").exit_code != Status.DONE
    assert _run("leads", "refuse", "lan@example.com", "--topic", "weather", "--proof", "x").exit_code != Status.DONE


def test_lists_are_taken_in_and_say_what_could_not_be_read(tmp_path: Path) -> None:
    """Numbers close texts and calls, addresses email; twice changes nothing."""
    file = tmp_path / "list.txt"
    file.write_text("Số\n0901234567\n0902345678\n???\nmai@example.com\n", "utf-8")
    numbers = ("leads", "do-not-call", str(file), "--json")
    assert json.loads(_run(*numbers).stdout) == {"read": 2, "new": 4, "unread": [4, 5]}
    assert json.loads(_run(*numbers).stdout)["new"] == 0
    assert json.loads(_run("leads", "suppress", str(file), "--json").stdout)["new"] == 1
