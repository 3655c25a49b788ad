"""`nurture tasks`: what is to be done, by whom, in lines and in JSON."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.leads import service as leads
from nurture.leads.desk import Hand
from nurture.leads.model import NewLead
from nurture.tasks import service
from nurture.tasks.model import NewTask, TaskKind
from nurture.users import service as users
from nurture.users.model import Person, Role


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """An account, a lead of theirs with a task, and one of nobody."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path)})
    prepare(settings)
    context = build(settings, runs_engine=True)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        an = users.add(
            conn, email="an@example.com", name="An", role="sales", real=real, actor="cli", password="đủ dài nhé"
        )
        hand = Hand(Person(an, "An", "an@example.com", Role.ADMIN), now, real)
        stamps = {"now": now, "real": real, "actor": "cli", "cause": "cli"}
        mai = leads.add(conn, NewLead(email="mai@example.net", name="Mai", owner_id=an), **stamps)
        lan = leads.add(conn, NewLead(email="lan@example.net", name="Lan"), **stamps)
        service.give(conn, hand, mai.public_id, NewTask(TaskKind.CALL, now - timedelta(hours=1), "Gọi lại"))
        service.give(conn, hand, lan.public_id, NewTask(TaskKind.VISIT, now + timedelta(hours=1)))
    yield context
    context.database.close()


def _ask(*options: str) -> Result:
    return CliRunner().invoke(main, ["tasks", *options])


def test_open_tasks_stand_by_when_they_are_due(house: Context) -> None:
    """Those that are over say so; those of nobody, too."""
    lines = _ask().output.splitlines()
    assert lines[0].split() == ["due", "task", "lead", "for", "campaign"]
    assert "(overdue)" in lines[2]
    assert lines[2].split()[-4:] == ["Gọi", "lại", "Mai", "An"]
    assert lines[3].split()[-3:] == ["Visit", "Lan", "nobody"]


def test_they_narrow_to_one_person_or_to_nobody(house: Context) -> None:
    """As JSON for scripts."""
    mine = json.loads(_ask("--user", "An@example.com", "--json").output)
    assert [(one["title"], one["for"], one["kind"]) for one in mine] == [({"vi": "Gọi lại"}, "An", "call")]
    free = json.loads(_ask("--nobody", "--json").output)
    assert [(one["for"], one["for_owner"]) for one in free] == [(None, True)]


def test_an_unknown_account_is_said(house: Context) -> None:
    """Not an empty list."""
    answer = _ask("--user", "nobody@example.com")
    assert answer.exit_code == 3
    assert "no account" in answer.output
