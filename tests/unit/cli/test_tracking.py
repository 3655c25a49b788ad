"""`nurture tracking`: hits with their verdicts, and judging old ones anew."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.tracking.tables import hits
from nurture.tracking.verdict import VERSION
from tests.storage.tracking_ground import CHROME, SCANNER, add_hit, add_lead, add_message


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A mail whose link a person followed, and a program in a browser's dress; judged by an older version."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path / "data"))
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path / "data")})
    prepare(settings)
    one = build(settings, runs_engine=True)
    mail = _mail(one)
    yield mail
    one.database.close()


def _mail(context: Context) -> int:
    mail = add_message(context, add_lead(context, name="Mai"))
    add_hit(context, mail, after=-1800)
    add_hit(context, mail, after=-900, agent=f"{CHROME} LinkChecker/2.0", ip="192.0.2.0/24")
    with context.database.write() as conn:
        conn.execute(hits.update().values(verdict="human", reasons=["plausible"], version=2, settled=True))
    add_hit(context, mail, agent=SCANNER)
    return mail


def run(*words: str) -> Result:
    """One command."""
    return CliRunner().invoke(main, ["tracking", *words], catch_exceptions=False)


def test_hits_are_shown_with_verdict_and_reasons(message: int) -> None:
    """By message and by lead; what nobody has looked at is said so."""
    by_message = json.loads(run("show", str(message), "--json").output)
    by_lead = json.loads(run("show", "mai@anphat.example", "--json").output)
    assert sorted(by_message, key=str) == sorted(by_lead, key=str)
    assert [one["verdict"] for one in by_message] == ["human", "human", None]
    assert "A reader's browser or mail app" in run("show", str(message)).output
    assert run("show", "999").exit_code == 3


def test_old_hits_are_judged_anew_with_a_before_and_after(message: int) -> None:
    """Tried out first, then for good, then there is nothing left to do."""
    tried = json.loads(run("reclassify", "--dry-run", "--json").output)
    assert (tried["hits"], tried["changed"], tried["leads"], tried["dry_run"]) == (2, 1, 1, True)
    assert tried["moved"] == [
        {"before": "human", "after": "human", "hits": 1}, {"before": "human", "after": "machine", "hits": 1},
    ]  # fmt: skip
    said = run("reclassify").output
    assert "a machine" in said
    done = json.loads(run("reclassify", "--json").output)
    assert (done["hits"], done["version"]) == (0, VERSION)
    shown = json.loads(run("show", str(message), "--json").output)
    assert [(one["verdict"], one["version"]) for one in shown] == [
        ("human", VERSION),
        ("machine", VERSION),
        (None, None),
    ]


def test_only_those_from_a_day_on_are_judged(message: int) -> None:
    """A day in the house's zone."""
    assert message
    assert json.loads(run("reclassify", "--since", "2100-01-01", "--json").output)["hits"] == 0
    assert run("reclassify", "--since", "soon").exit_code == 2
