"""`nurture segments add` and `remove`: members of a segment kept by hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.kernel.settings import read_settings
from nurture.leads import service as leads
from nurture.leads.model import NewLead
from nurture.segments import service, store
from nurture.segments.load import load


def test_leads_are_put_in_and_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, or none when an address is not known."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path)})
    prepare(settings)
    context = build(settings)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        definitions = load("guests: {name: Guests, by_hand: true}", store.facts(conn))
        service.apply(conn, definitions, now=now, real=real, actor="cli")
        for name in ("mai", "lan"):
            leads.add(conn, NewLead(email=f"{name}@example.net"), now=now, real=real, actor="cli", cause="cli")
    run = CliRunner().invoke
    put = run(main, ["segments", "add", "guests", "mai@example.net", "lan@example.net", "--json"])
    assert json.loads(put.stdout)["changed"] == 2
    assert run(main, ["segments", "add", "guests", "mai@example.net", "gone@example.net"]).exit_code != 0
    taken = run(main, ["segments", "remove", "guests", "mai@example.net"])
    assert "1" in taken.stdout
    with context.database.read() as conn:
        assert store.size(conn, "guests") == 1
    context.database.close()
