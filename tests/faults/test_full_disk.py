"""The senders' disk fills up while they work: nothing is lost, the page says why, and it goes on when there is room."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.delivery import route, store
from nurture.delivery.service import Dispatcher
from nurture.delivery.state import PAUSED
from nurture.kernel.clock import SystemClock
from tests.faults import ground, runner
from tests.faults.sink import Script, Sink

# Python runs it at the start of each sender: files may grow to so many bytes and no further, as on a full disk.
_SMALL_FILES = """
import pathlib, resource
room = pathlib.Path({room!r})
if room.exists():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room.read_text()), resource.RLIM_INFINITY))
"""
_monotonic = SystemClock().monotonic


def test_a_full_disk_stops_the_senders_and_nothing_else(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that cannot be written lets no dot go; what was in hand is given back and sent later, once."""
    room = tmp_path / "room"
    (tmp_path / "sitecustomize.py").write_text(_SMALL_FILES.format(room=str(room)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    room.write_text("600")  # the head and a few letters
    with Sink(Script(delay=0.01)) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port)
        ground.fill(ctx, 80)

        def until(condition: Callable[[], bool]) -> bool:
            last = _monotonic() + 30
            while not condition() and _monotonic() < last:
                ctx.wake.hits.wait(0.02)
            return condition()

        def shown() -> str:
            with ctx.database.read() as conn:
                row = store.route(conn, "smtp")
            return row.reason if row is not None and row.state == PAUSED else ""

        dispatcher = Dispatcher(ctx)
        dispatcher.start()
        assert until(lambda: ground.states(ctx)["sent"] > 4)
        room.write_text("0")
        assert until(lambda: shown() == route.NO_SENDER)
        assert until(lambda: not ground.states(ctx)["sending"])
        held = ground.states(ctx)
        room.unlink()
        assert until(lambda: ground.states(ctx)["sent"] == 80)
        assert until(lambda: shown() == "")
        dispatcher.stop()
        accepted = list(sink.accepted)
        ctx.database.close()
    assert held.keys() == {"sent", "queued"}
    assert len(accepted) == len(set(accepted)) == 80
    assert "disk" in route.sentence(route.NO_SENDER, "en")
