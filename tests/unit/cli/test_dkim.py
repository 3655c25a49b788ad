"""`nurture dkim`: a key is made once, its record is printed as each DNS form wants it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from nurture.cli.main import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own, and a sender."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NURTURE_MAIL_FROM", "An Phát <tin@anphat.example>")
    return tmp_path / "data"


def run(*words: str) -> Result:
    """The command's answer."""
    return CliRunner().invoke(main, ["dkim", *words])


def test_a_new_key_is_told_with_its_record() -> None:
    """As name and value for a form, and as a line of a zone file; the key itself is not printed."""
    done = run("new", "anphat.example", "--type", "ed25519")
    assert done.exit_code == 0
    assert "name:   nurture-ed._domainkey   (in full: nurture-ed._domainkey.anphat.example)" in done.output
    assert "value:  v=DKIM1; k=ed25519; p=" in done.output
    assert 'nurture-ed._domainkey.anphat.example. IN TXT ( "v=DKIM1; ' in done.output
    assert "PRIVATE" not in done.output


def test_the_same_name_is_not_given_twice() -> None:
    """An old key signs mail that is on its way."""
    assert run("new", "anphat.example", "--type", "ed25519").exit_code == 0
    again = run("new", "anphat.example", "--type", "ed25519")
    assert (again.exit_code, "already" in again.output) == (3, True)
    assert run("new", "anphat.example", "--type", "ed25519", "--selector", "nurture2").exit_code == 0


def test_show_says_whether_mail_is_signed() -> None:
    """By the domain of the sender."""
    assert "Mail from @anphat.example is not signed here" in run("show").output
    run("new", "anphat.example", "--type", "ed25519")
    assert "Mail from @anphat.example is signed with nurture-ed (anphat.example)." in run("show").output
    (key,) = json.loads(run("show", "--json").output)
    assert key["record"]["name"] == "nurture-ed._domainkey.anphat.example"
    assert key["type"] == "ed25519"


def test_a_key_that_cannot_be_used_is_an_error(folder: Path) -> None:
    """With what would mend it."""
    (folder / "dkim").mkdir(parents=True)
    (folder / "dkim" / "anphat.example.s1.pem").write_text("no key")
    done = run("show")
    assert done.exit_code == 2
    assert "nurture dkim new makes one" in done.output


@pytest.fixture
def logs() -> Iterator[None]:
    """Where a started command lets its log go, which ends with it."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("command", ["up", "worker"])
def test_nothing_starts_with_a_key_that_cannot_be_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """What would send says so at once; no database is made."""
    monkeypatch.setenv("NURTURE_PORT", "0")
    monkeypatch.setenv("NURTURE_MAILBOX_PORT", "0")
    (folder / "dkim").mkdir(parents=True)
    (folder / "dkim" / "anphat.example.s1.pem").write_text("no key")
    done = CliRunner().invoke(main, [command])
    assert done.exit_code == 2
    assert "anphat.example.s1.pem is no key that mail can be signed with" in done.output
    assert [path.name for path in folder.iterdir()] == ["dkim"]
