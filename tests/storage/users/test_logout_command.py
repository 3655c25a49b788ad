"""`nurture users logout`: for whoever lost a phone, or left."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from nurture.cli.main import main
from nurture.kernel.database import Database
from nurture.users import sessions, store
from nurture.users.sessions import Origin
from nurture.users.tables import audit

EMAIL = "an@example.com"


def test_a_person_is_signed_out_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how many sessions have ended, and leaves a line that it was the command line."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    runner = CliRunner()
    added = runner.invoke(
        main, ["users", "add", EMAIL, "--name", "An", "--password-file", "-"], input="một câu dễ nhớ\n"
    )
    assert added.exit_code == 0, added.output
    database, real = Database(f"sqlite:///{tmp_path / 'nurture.db'}"), datetime.now(UTC)
    with database.write() as conn:
        account = store.by_email(conn, EMAIL)
        assert account is not None
        for _ in range(2):
            sessions.begin(conn, account, Origin(), real=real)
    done = runner.invoke(main, ["users", "logout", EMAIL])
    with database.read() as conn:
        left = store.sessions_of(conn, account.id, real)
        line = conn.execute(sa.select(audit).order_by(audit.c.id.desc()).limit(1)).one()
    database.close()
    assert done.exit_code == 0, done.output
    assert EMAIL in done.output
    assert "2" in done.output
    assert left == []
    assert (line.actor, line.action, line.detail) == ("cli", "user.sign_out_everywhere", {"sessions": 2, "kept": False})
