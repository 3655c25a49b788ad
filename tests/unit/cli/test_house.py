"""`holidays`, `tet`, `held`: what stands in the policy that is live, in lines and in JSON."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build
from nurture.campaigns.house import publish
from nurture.cli.main import main
from nurture.cli.output import Status
from nurture.kernel.settings import read_settings

POLICY = """
quiet_hours: {from: "20:00", to: "08:00"}
holidays: {country: VN, own: [{date: 2027-12-30, name: {vi: Kiểm kê, en: Stocktaking}}]}
tet: {before: 7, after: 5, during: hold}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a policy."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    assert _run("migrate").exit_code == 0
    context = build(read_settings({"NURTURE_DATA_DIR": str(tmp_path)}))
    with context.database.write() as conn:
        publish(conn, POLICY, context.clock.engine())
    context.database.close()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def test_holidays_are_listed_with_why() -> None:
    """Public ones, our own, and the stop."""
    found = json.loads(_run("holidays", "--year", "2027", "--json").stdout)
    days = {one["day"]: one["kind"] for one in found}
    assert (days["2027-04-30"], days["2027-12-30"], days["2027-02-06"]) == ("country", "own", "tet")
    assert "Stocktaking" in _run("holidays", "--year", "2027").stdout


def test_tet_shows_the_stop_and_each_way_of_the_switch() -> None:
    """Nothing is due in it yet."""
    found = json.loads(_run("tet", "--year", "2027", "--json").stdout)
    assert (found["tet"], found["first"], found["last"]) == ("2027-02-06", "2027-01-30", "2027-02-11")
    assert (found["switch"], found["due"], set(found["becomes"])) == ("hold", 0, {"off", "hold", "drop"})
    lines = _run("tet", "--year", "2027").stdout.splitlines()
    assert lines[0] == "Tết is on 2027-02-06; the stop lasts from 2027-01-30 to 2027-02-11."


def test_a_year_beyond_the_calendar_is_wrong_use() -> None:
    """The package knows two centuries."""
    assert _run("tet", "--year", "1899").exit_code == Status.WRONG_USE


def test_nothing_late_is_said() -> None:
    """And nothing is asked."""
    assert _run("held").stdout.splitlines() == ["Nothing waits."]
    assert json.loads(_run("held", "--release", "--json").stdout) == {"waiting": [], "done": 0}
