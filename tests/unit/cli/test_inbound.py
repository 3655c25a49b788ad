"""`nurture inbound`: a mail server's pipe, with the exit statuses it knows; and a look into the mailbox."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from nurture.bootstrap import build, prepare
from nurture.cli.inbound import TEMPFAIL
from nurture.cli.main import main
from nurture.inbound.tables import returns
from nurture.kernel.settings import read_settings

MAIL = b"From: la@example.org\r\nMessage-ID: <1@x>\r\nSubject: Hello\r\n\r\nIs anybody there?\r\n"


def _pipe(raw: bytes, *words: str) -> Result:
    return CliRunner().invoke(main, ["inbound", *words], input=raw)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))


def test_a_mail_that_cannot_be_taken_stays_with_the_mail_server() -> None:
    """There is no database yet: the server tries again later."""
    found = _pipe(MAIL)
    assert found.exit_code == TEMPFAIL == 75
    assert "There is no database" in found.output


def test_wrong_settings_lose_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody mends them while the mail waits."""
    monkeypatch.setenv("NURTURE_PORT", "many")
    assert _pipe(MAIL).exit_code == TEMPFAIL


def test_nothing_is_no_mail() -> None:
    """66: there is no input."""
    assert _pipe(b"\r\n").exit_code == 66


def test_a_mail_that_is_taken_is_kept_once(tmp_path: Path) -> None:
    """Silently, with status 0; the mail server may deliver it twice."""
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path)})
    prepare(settings)
    for _ in range(2):
        found = _pipe(MAIL)
        assert (found.exit_code, found.output) == (0, "")
    context = build(settings)
    with context.database.read() as conn:
        assert conn.execute(sa.select(returns.c.sender)).scalars().all() == ["la@example.org"]
    context.database.close()


def test_without_a_mailbox_there_is_none_to_look_into(tmp_path: Path) -> None:
    """The setting is named."""
    prepare(read_settings({"NURTURE_DATA_DIR": str(tmp_path)}))
    found = _pipe(b"", "fetch")
    assert found.exit_code == 2
    assert "NURTURE_INBOX_URL" in found.output
