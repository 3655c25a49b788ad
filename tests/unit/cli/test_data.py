"""`nurture data`: every table that holds something, with its size, its age, and how long it is kept."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.kernel.settings import read_settings
from tests.storage.tracking_ground import add_hit, add_lead, add_message


@pytest.fixture(autouse=True)
def _filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house with one mail and one hit."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("NURTURE_KEEP_HITS", "90")
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path)})
    prepare(settings)
    context = build(settings)
    add_hit(context, add_message(context, add_lead(context, "mai@anphat.example")))
    context.database.close()


def test_each_table_is_told_with_its_size_and_how_long_it_is_kept() -> None:
    """For people in a table, for scripts as JSON."""
    told = CliRunner().invoke(main, ["data"])
    assert told.exit_code == 0, told.output
    assert any(line.startswith("hits ") and line.rstrip().endswith("90 days") for line in told.output.splitlines())
    data = json.loads(CliRunner().invoke(main, ["data", "--json"]).output)
    by_name = {one["table"]: one for one in data["tables"]}
    assert data["bytes"] > 0
    assert (by_name["hits"]["rows"], by_name["hits"]["days"], by_name["messages"]["days"]) == (1, 90, None)
    assert by_name["hits"]["oldest"] is not None
    assert "webhooks" not in by_name
