"""What is said while mail is on its way counts: a refusal 500 places ahead, and the law's cap over five launches."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.broadcasts.model import BroadcastState as State
from nurture.delivery.service import Dispatcher
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.faults import ground, runner
from tests.faults.sink import Script, Sink
from tests.storage import casting
from tests.storage.ticking import add_leads

_monotonic = SystemClock().monotonic
COUNT, AHEAD = 620, 500
LEADS, LAUNCHES, WORKERS = 25, 5, 3
WAITING = Counter(queued=1, sending=1, deferred=1)


def _until(ctx: Context, sink: Sink, accepted: int) -> None:
    last = _monotonic() + 40
    while len(sink.accepted) < accepted and _monotonic() < last:
        ctx.wake.hits.wait(0.01)


def _refused_ahead(url: str, folder: Path) -> None:
    """Lead n + 500 refuses when n have been accepted."""
    with Sink(Script(delay=0.01)) as sink:
        ctx = runner.context(url, folder, sink.port, NURTURE_SENDERS="1")
        ground.fill(ctx, COUNT)
        dispatcher = Dispatcher(ctx)
        dispatcher.start()
        _until(ctx, sink, 20)
        place = len(sink.accepted) + AHEAD
        refused = f"lead{place}@example.com"
        casting.refuse(ctx, refused)
        known = len(sink.accepted)
        _until(ctx, sink, COUNT - 1)
        dispatcher.stop()
        states = ground.states(ctx)
        with ctx.database.read() as conn:
            query = sa.select(messages.c.state, messages.c.reason).where(messages.c.lead_id == place)
            row = conn.execute(query).one()
        ctx.database.close()
    assert known < place < COUNT
    assert refused not in sink.accepted
    assert tuple(row) == ("skipped", "unsubscribed")
    assert states == {"sent": COUNT - 1, "skipped": 1}
    assert len(set(sink.accepted)) == len(sink.accepted) == COUNT - 1


def test_who_refuses_500_places_ahead_never_gets_it(sqlite_url: str, tmp_path: Path) -> None:
    """On SQLite."""
    _refused_ahead(sqlite_url, tmp_path)


@pytest.mark.postgres
def test_who_refuses_500_places_ahead_never_gets_it_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """On PostgreSQL."""
    _refused_ahead(postgres_url, tmp_path)


@pytest.mark.postgres
def test_of_five_launches_at_once_three_arrive_and_two_are_counted_as_capped(postgres_url: str, tmp_path: Path) -> None:
    """The same leads, three workers, Vietnamese law: three advertising emails an address in 24 hours."""
    keys = [f"tet{number}" for number in range(LAUNCHES)]
    with Sink(Script(delay=0.01)) as sink:
        contexts = [runner.context(postgres_url, tmp_path, sink.port, NURTURE_SENDERS="1") for _ in range(WORKERS)]
        ctx = contexts[0]
        assert ctx.settings.law == "vn"
        casting.ground(ctx)
        add_leads(ctx, LEADS, name="Mai", given_name="Mai")
        for key in keys:
            casting.draft(ctx, key=key)
            casting.look(ctx, key)
        workers = [Dispatcher(one) for one in contexts]
        for worker in workers:
            worker.start()
        with ThreadPoolExecutor(LAUNCHES) as pool:
            list(pool.map(lambda key: casting.launch(ctx, key), keys))
        casting.run(ctx)
        last = _monotonic() + 40
        while (ground.states(ctx) & WAITING) and _monotonic() < last:
            ctx.wake.hits.wait(0.05)
        for worker in workers:
            worker.stop()
        casting.run(ctx)
        with ctx.database.read() as conn:
            query = sa.select(messages.c.lead_id, messages.c.state, messages.c.reason)
            told = Counter(tuple(row) for row in conn.execute(query))
        ended = {casting.stored(ctx, key).state for key in keys}
        for one in contexts:
            one.database.close()
    people = range(1, LEADS + 1)
    assert Counter(sink.accepted) == Counter({f"lead{n}@example.vn": 3 for n in people})
    assert told == {(n, "sent", ""): 3 for n in people} | {(n, "skipped", "capped"): 2 for n in people}
    assert ended == {State.DONE}
