"""Several relays for real: one dies and the other takes over, and each mail arrives once; a provider slows us down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from nurture.delivery import relay_store
from nurture.delivery.conversation import Timeouts
from nurture.delivery.service import Dispatcher
from nurture.delivery.tables import relay_rates
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.messages.tables import attempts, messages
from tests.faults import ground, runner
from tests.faults.sink import Fault, Script, Sink

QUICK = Timeouts(connect=2, greeting=1, command=1, data=1, body=1, dot=1, patience=0.2)
_monotonic = SystemClock().monotonic


def _context(url: str, folder: Path, *relays: str) -> Context:
    path = folder / "relays.yaml"
    path.write_text("relays:\n" + "".join(f"  - {{{one}}}\n" for one in relays))
    settings = {"NURTURE_SMTP_URL": "", "NURTURE_RELAYS_FILE": str(path), "NURTURE_SENDERS": "1"}
    return runner.context(url, folder, 0, **settings)


@contextmanager
def _running(*contexts: Context) -> Iterator[None]:
    running = [Dispatcher(one, timeouts=QUICK) for one in contexts]
    for one in running:
        one.start()
    try:
        yield
    finally:
        for one in running:
            one.stop()
        for ctx in contexts:
            ctx.database.close()


def _until(ctx: Context, condition: Callable[[], bool], seconds: float = 25.0) -> bool:
    last = _monotonic() + seconds
    while not condition() and _monotonic() < last:
        ctx.wake.hits.wait(0.02)  # rung by nobody here
    return condition()


def test_a_relay_dies_half_way_and_each_mail_arrives_once_by_the_other(sqlite_url: str, tmp_path: Path) -> None:
    """What was in the dying one's hands and certainly did not go is handed on at once."""
    first, second = Sink(Script(delay=0.002)), Sink(Script(delay=0.002))
    with first, second:
        urls = [f'url: "smtp://127.0.0.1:{one.port}"' for one in (first, second)]
        ctx = _context(sqlite_url, tmp_path, f"key: a, {urls[0]}", f"key: b, {urls[1]}")
        ground.fill(ctx, 300)
        with _running(ctx):
            assert _until(ctx, lambda: len(first.accepted) >= 60)
            first.script.faults += [Fault(phase, "close") for phase in ("banner", "mail", "rcpt", "data")]
            assert _until(ctx, lambda: len(first.accepted) + len(second.accepted) >= 300)
            assert _until(ctx, lambda: ground.states(ctx) == {"sent": 300})
    accepted = first.accepted + second.accepted
    assert len(accepted) == len(set(accepted)) == 300
    assert len(second.accepted) > 150


def test_two_who_hand_over_keep_one_quota(database_url: str, tmp_path: Path) -> None:
    """Two parents with senders of their own: exactly as many as the day allows, and the rest waits for the next."""
    with Sink(Script(delay=0.001)) as sink:
        one = f'key: a, url: "smtp://127.0.0.1:{sink.port}", per_day: 90, day: rolling, reserve: 0'
        homes = [tmp_path / name for name in ("x", "y")]
        for home in homes:
            home.mkdir()
        contexts = [_context(database_url, home, one) for home in homes]
        ground.fill(contexts[0], 200)
        with _running(*contexts):
            ctx = contexts[0]
            assert _until(ctx, lambda: ground.states(ctx)["sent"] >= 90)
            assert _until(ctx, lambda: _waiting(ctx, "quota") == 110)
    assert len(sink.accepted) == len(set(sink.accepted)) == 90


def _waiting(ctx: Context, reason: str) -> int:
    with ctx.database.read() as conn:
        query = sa.select(sa.func.count()).select_from(messages).where(messages.c.reason == reason)
        return int(conn.execute(query).scalar_one())


def test_a_provider_that_refuses_for_haste_slows_down_its_own_mail_only(sqlite_url: str, tmp_path: Path) -> None:
    """421 4.7.x at one provider's recipients: the relay stays open, the others go on, a rate is learned."""
    fault = Fault("dot", "421 4.7.28 too fast", "@gmail.com", times=1)
    with Sink(Script([fault])) as sink:
        ctx = _context(sqlite_url, tmp_path, f'key: a, url: "smtp://127.0.0.1:{sink.port}"')
        ground.fill(ctx, 80, odd={n: f"lead{n}@gmail.com" for n in range(2, 81, 2)})
        with _running(ctx):
            assert _until(ctx, lambda: sum(one.endswith("example.com") for one in sink.accepted) == 40)
            assert _until(ctx, lambda: _waiting(ctx, "domain_rate") > 0)
            with ctx.database.read() as conn:
                (row,) = conn.execute(sa.select(relay_rates).where(relay_rates.c.domain != "")).all()
                standing = relay_store.standing(conn)["a"]
                (refused,) = conn.execute(sa.select(attempts).where(attempts.c.code == 421)).all()
    assert (row.domain, row.said, standing.state) == ("gmail.com", "4.7.28", "open")
    assert row.rate <= 1.0
    assert refused.outcome == "deferred"
