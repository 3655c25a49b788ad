"""`nurture outbound` and `nurture webhooks`: what went out, another try, the secret."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.leads import service as leads
from nurture.leads.model import NewLead
from nurture.outbound import service
from nurture.outbound.model import CallKind, CallState, NewCall
from nurture.outbound.tables import outbox


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """An installation with one webhook that failed."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path / "data")})
    prepare(settings)
    one = build(settings, runs_engine=True)
    now, real = one.clock.engine(), one.clock.real()
    with one.database.write() as conn:
        new = NewLead(email="an@example.net")
        lead = leads.add(conn, new, now=now, real=real, actor="cli", cause="cli")
        call = NewCall(
            CallKind.WEBHOOK, "test:1", now, lead.id, None, None, "crm", 1, "crm", "https://crm.example.vn/", "{}"
        )
        service.write(conn, [call], now=now, real=real)
        conn.execute(outbox.update().values(state=CallState.FAILED.value, reason="call_refused", status=410))
    yield one
    one.database.close()


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_what_went_out_is_listed(context: Context) -> None:
    """For people and for scripts."""
    assert "crm.example.vn" in _run("outbound").output
    assert "crm.example.vn" not in _run("outbound", "--state", "sent").output
    found = json.loads(_run("outbound", "--json").output)
    assert found["account"] == [{"kind": "webhook", "state": "failed", "count": 1}]
    assert (found["calls"][0]["name"], found["calls"][0]["status"]) == ("crm", 410)


def test_one_is_tried_again_by_its_id(context: Context) -> None:
    """Once; another id is wrong."""
    (call,) = json.loads(_run("outbound", "--json").output)["calls"]
    assert _run("outbound", "retry", call["id"]).exit_code == 0
    assert json.loads(_run("outbound", "--json").output)["calls"][0]["state"] == "queued"
    assert _run("outbound", "retry", call["id"]).exit_code == 3
    assert _run("outbound", "retry", "nothing").exit_code == 3


def test_the_secret_is_made_once_and_can_sign(context: Context) -> None:
    """Kept in the data folder, for its owner's eyes; one that is set wins."""
    first = _run("webhooks", "secret").output.strip()
    assert _run("webhooks", "secret", "--name", "crm").output.strip() == first
    assert Webhook(first).sign("msg_1", context.clock.real(), "{}").startswith("v1,")
    assert (context.settings.data_dir / "webhook.key").stat().st_mode & 0o077 == 0


def test_a_secret_that_is_set_wins(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of the webhook; the others have the house's own."""
    secret = "whsec_" + "a" * 32
    monkeypatch.setenv("NURTURE_WEBHOOK_SECRETS", f"crm={secret}")
    assert _run("webhooks", "secret", "--name", "crm").output.strip() == secret
    assert _run("webhooks", "secret").output.strip() != secret
    assert "whsec_" not in _run("settings").output
