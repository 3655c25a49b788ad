"""`nurture enroll`: leads into a campaign by hand, with a reason for each who does not come in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build, prepare
from nurture.campaigns import service
from nurture.campaigns.load import Folder, load
from nurture.cli.main import main
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.leads import service as leads
from nurture.leads.model import NewLead
from nurture.segments import store as segment_store

CAMPAIGN = "key: hello\nname: Hello\nentry: {tag: vip}\nsteps:\n  - {id: one, wait: 1 day}\n"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """A campaign and two leads."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path)})
    prepare(settings)
    context = build(settings, runs_engine=True)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        folder = load(Folder({"hello.yaml": CAMPAIGN}, {}), segment_store.facts(conn))
        service.apply(conn, folder, now=now, real=real, actor="cli")
        for name in ("mai", "lan"):
            new = NewLead(email=f"{name}@example.net", name=name.title())
            leads.add(conn, new, now=now, real=real, actor="cli", cause="cli")
    yield context
    context.database.close()


def _enroll(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["enroll", *arguments])


@pytest.mark.usefixtures("house")
def test_each_is_in_or_has_a_reason() -> None:
    """A second time is a finding; a script reads the code."""
    first = _enroll("hello", "mai@example.net", "LAN@example.net")
    assert (first.exit_code, first.stdout.splitlines()) == (
        0,
        ["mai@example.net: enrolled", "lan@example.net: enrolled"],
    )
    again = _enroll("hello", "mai@example.net")
    assert (again.exit_code, again.stdout) == (1, "mai@example.net: no, in the campaign already\n")
    data = json.loads(_enroll("hello", "mai@example.net", "--json").stdout)
    assert data == [{"email": "mai@example.net", "enrolled": False, "reason": "already_enrolled"}]


@pytest.mark.usefixtures("house")
def test_an_unknown_address_or_campaign_enrolls_nobody() -> None:
    """All or nothing."""
    assert _enroll("hello", "mai@example.net", "nobody@example.net").exit_code == 3
    assert _enroll("hallo", "mai@example.net").exit_code == 3
    assert _enroll("hello", "mai@example.net").exit_code == 0
