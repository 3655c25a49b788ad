"""A one-time email through a real relay: paused it stands still, resumed it comes to its end, each lead once."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.broadcasts.model import BroadcastState as State
from nurture.broadcasts.progress import progress
from tests.faults import ground
from tests.faults.test_kill import Bench
from tests.storage import casting, ticking

COUNT = 150


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A sink that takes its time."""
    one = Bench(sqlite_url, tmp_path)
    yield one
    one.close()


def _begun(bench: Bench) -> None:
    ctx = bench.ctx
    casting.ground(ctx)
    ticking.add_leads(ctx, COUNT, name="Mai", given_name="Mai")
    ticking.add_leads(ctx, 10, agreed=False)
    casting.draft(ctx)
    casting.launch(ctx)
    casting.run(ctx)


def test_paused_it_stands_still_and_resumed_each_lead_gets_it_once(bench: Bench) -> None:
    """After the pause only what was on its way arrives; in the end the account is the sink's."""
    _begun(bench)
    one = bench.run()
    bench.until(lambda: len(bench.accepted()) >= 20, 30)
    casting.steer(bench.ctx, "pause")
    bench.until(lambda: not ground.states(bench.ctx)["sending"], 20)
    stood = len(bench.accepted())
    time.sleep(1.5)
    assert len(bench.accepted()) == stood < COUNT
    casting.steer(bench.ctx, "resume")
    bench.until(bench.is_done, 60)
    bench.end(one)
    progress(bench.ctx)
    assert Counter(bench.accepted()) == Counter({f"lead{n}@example.vn": 1 for n in range(1, COUNT + 1)})
    assert Counter(state for (state,) in casting.sends(bench.ctx, "state")) == {"sent": COUNT, "skipped": 10}
    assert casting.stored(bench.ctx).state is State.DONE


def test_stopped_the_account_is_what_the_sink_saw(bench: Bench) -> None:
    """What had gone is sent, all the rest is taken back: together the audience."""
    _begun(bench)
    one = bench.run()
    bench.until(lambda: len(bench.accepted()) >= 20, 30)
    casting.steer(bench.ctx, "stop")
    casting.run(bench.ctx)
    bench.until(bench.is_done, 30)
    bench.end(one)
    progress(bench.ctx)
    states = Counter(state for (state,) in casting.sends(bench.ctx, "state"))
    assert states["sent"] == len(bench.accepted()) == len(set(bench.accepted())) < COUNT
    assert states == {"sent": states["sent"], "canceled": COUNT - states["sent"], "skipped": 10}
    assert casting.stored(bench.ctx).ended_at is not None
