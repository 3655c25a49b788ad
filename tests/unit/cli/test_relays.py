"""`nurture relays`: what each takes, pause and resume by hand, a real greeting."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nurture.bootstrap import build, prepare
from nurture.cli.main import main
from nurture.delivery import relay_store, route
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from tests.faults.sink import Fault, Script, Sink


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """An installation with two relays; one is warming up, one is of no use."""
    with Sink(Script([Fault("banner", "554 5.7.1 go away", times=1)])) as sink:
        url = f"smtp://127.0.0.1:{sink.port}"
        text = f"relays:\n  - {{key: a, url: '{url}', preset: gmail}}\n  - {{key: here, url: mailbox}}\n"
        (tmp_path / "relays.yaml").write_text(text)
        given = {"NURTURE_DATA_DIR": str(tmp_path / "data"), "NURTURE_RELAYS_FILE": str(tmp_path / "relays.yaml")}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings = read_settings(given)
        prepare(settings)
        one = build(settings, runs_engine=True)
        yield one
        one.database.close()


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_relays_are_listed_with_their_day_and_their_trouble(context: Context) -> None:
    """For people and for scripts; a relay paused by hand says so."""
    with context.database.write() as conn:
        relay_store.count(conn, "taken", "a", context.clock.real(), 12)
        route.pause(conn, "here", "Hà", context.clock.real())
    said = _run("relays").output
    assert "12 / 500" in said
    assert "500 recipients in any 24 hours" in said
    assert "paused by a person" in said
    found = json.loads(_run("relays", "--json").output)["relays"]
    assert [(one["key"], one["used"], one["limit"], one["held"]) for one in found] == [
        ("a", 12, 500, False),
        ("here", 0, None, True),
    ]


def test_a_relay_is_paused_and_goes_on_by_hand(context: Context) -> None:
    """One that does not exist is named with those that do."""
    assert _run("relays", "pause", "a").exit_code == 0
    with context.database.read() as conn:
        assert not route.is_open(conn, "a", context.clock.real())
    assert _run("relays", "resume", "a").exit_code == 0
    with context.database.read() as conn:
        assert route.is_open(conn, "a", context.clock.real())
    assert "a, here" in _run("relays", "pause", "b").output


def test_a_relay_is_tried_without_a_mail(context: Context) -> None:
    """What it says against us is shown."""
    refused = _run("relays", "test", "a")
    assert (refused.exit_code, "554" in refused.output) == (3, True)
    taken = _run("relays", "test", "a")
    assert (taken.exit_code, "takes us" in taken.output) == (0, True)
