"""Many machines in a bad world: databases restart, lines are cut, processes die. Nothing is lost, nothing doubled."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.cluster.feed import out
from nurture.cluster.model import Queue
from nurture.delivery.service import Dispatcher
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.tables import leases
from nurture.scheduler import LEASE, Ticker
from tests.faults import ground, runner
from tests.faults.cluster_ground import Line, Process, Server, lines, load, look, machine, multiply, twice, until
from tests.faults.sink import Script, Sink
from tests.journeys.server import House
from tests.storage import selling
from tests.storage.ticking import HELLO, add_leads, apply

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL of our own."""
    one = Server()
    yield one
    one.close()


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> str:
    """A database on it."""
    return server.database(f"t{abs(hash(request.node.name)) % 10**9}")


def campaign(ctx: Context, count: int) -> None:
    """So many leads whom the clock will enroll and write to."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        for key in ("hello", "again"):
            ground.publish(conn, replace(ground.email(), key=key), now)
    add_leads(ctx, count, name="Nguyễn Văn Minh", given_name="Minh", honorific="anh")
    apply(ctx, HELLO)


def is_through(ctx: Context, count: int) -> bool:
    """Whether each lead's mail is decided about, and each has gone on to the next step."""
    states = ground.states(ctx)
    if states.total() < count or states["queued"] + states["sending"] + states["deferred"]:
        return False
    with ctx.database.read() as conn:
        at = sa.select(sa.func.count()).select_from(enrollments).where(enrollments.c.step == "breathe")
        return int(conn.execute(at).scalar_one()) == count


def is_queue_empty(ctx: Context) -> bool:
    """Whether no chunk is out."""
    with ctx.database.read() as conn:
        return not out(conn)


def adds_up(ctx: Context, sink: Sink, count: int, unknown: int = 0) -> None:
    """One message for each; each sent once, but those of which nobody can know."""
    states = ground.states(ctx)
    assert states.total() == count
    assert states["sent"] + states["unknown"] == count, states
    assert states["unknown"] <= unknown
    assert twice(sink.accepted) == []
    assert len(sink.accepted) >= states["sent"]
    assert ground.addresses(ctx, "sent") <= set(sink.accepted)


def restarts(server: Server, url: str, folder: Path, count: int, times: int, pause: float) -> None:
    """Pull the database down again and again while a clock and two workers write to so many leads."""
    with Sink(Script(delay=0.01)) as sink, look(url, folder, sink.port) as ctx:
        campaign(ctx, count)
        with (
            machine(url, folder / "a", sink.port, {"clock"}),
            machine(url, folder / "b", sink.port, {"worker"}),
            machine(url, folder / "c", sink.port, {"worker"}),
        ):
            for turn in range(times):
                goal = count * turn // (times + 1)
                until(lambda goal=goal: len(sink.accepted) > goal, 30 * load(), lambda: ground.states(ctx))
                server.restart()
                time.sleep(pause)
            until(lambda: is_through(ctx, count), 60 * load(), lambda: ground.states(ctx))
            until(lambda: is_queue_empty(ctx), 30 * load())
        adds_up(ctx, sink, count)


def test_a_database_pulled_down_under_load_costs_no_mail(server: Server, url: str, tmp_path: Path) -> None:
    """What was under way is settled out of the senders' memory and journals when it is back; nothing is unknown."""
    restarts(server, url, tmp_path, 200, 2, 0.2)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_database_pulled_down_every_few_seconds_costs_no_mail(server: Server, url: str, tmp_path: Path) -> None:
    """The long form: fifteen times, five thousand leads."""
    restarts(server, url, tmp_path, 5_000, 15, 2.0)


def cut_off(url: str, folder: Path, count: int, turns: int, how: str) -> None:
    """One of two workers loses the database in the middle of a send, again and again."""
    line = Line(url)
    with Sink(Script(delay=0.01)) as sink, look(url, folder, sink.port) as ctx:
        campaign(ctx, count)
        with (
            machine(url, folder / "a", sink.port, {"clock", "worker"}, SENDERS="1"),
            machine(line.url, folder / "b", sink.port, {"worker"}, SENDERS="1"),
        ):
            for turn in range(turns):
                goal = count * (turn + 1) // (turns + 2)
                until(lambda goal=goal: len(sink.accepted) > goal, 30 * load(), lambda: ground.states(ctx))
                line.fall_silent(answers_only=how == "half-open")
                time.sleep(0.7)
                if how != "silent":
                    line.cut()
                    time.sleep(0.2)
                    line.mend()
                line.speak()
            until(lambda: is_through(ctx, count), 60 * load(), lambda: ground.states(ctx))
        adds_up(ctx, sink, count)
    line.close()


@pytest.mark.parametrize("how", ["silent", "half-open"])
def test_a_worker_cut_off_in_the_middle_of_a_send_costs_no_mail(url: str, tmp_path: Path, how: str) -> None:
    """What it has in hand goes out once; it is settled when the line is back, and the other one goes on meanwhile."""
    cut_off(url, tmp_path, 150, 1, how)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ["silent", "half-open", "cut"])
def test_a_worker_cut_off_again_and_again_costs_no_mail(url: str, tmp_path: Path, how: str) -> None:
    """The long form: twenty times, two thousand leads."""
    cut_off(url, tmp_path, 2_000, 20, how)


class _Deaf(Database):
    """Commits, and then sometimes fails as if the answer had been lost."""

    commits = 0

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[sa.Connection]:
        with super().write(urgent=urgent) as conn:
            yield conn
        self.commits += 1
        if self.commits in {2, 3, 6, 9, 13}:
            raise sa.exc.OperationalError("COMMIT", {}, Exception("the server closed the connection"))


def test_a_commit_whose_answer_is_lost_leaves_no_mail_behind(sqlite_url: str, tmp_path: Path) -> None:
    """What was marked as under way, but never given to a sender, has certainly not gone: it goes, once."""
    with Sink(Script()) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port)
        ground.fill(ctx, 300)
        deaf = replace(ctx, database=_Deaf(sqlite_url))
        dispatcher = Dispatcher(deaf)
        dispatcher.start()
        until(lambda: ground.states(ctx)["sent"] == 300, 60 * load(), lambda: ground.states(ctx))
        dispatcher.stop()
        accepted = list(sink.accepted)
        deaf.database.close()
        ctx.database.close()
    assert len(accepted) == len(set(accepted)) == 300


def alert_behind(url: str, folder: Path, count: int, rate: str) -> float:
    """Seconds from three clicks until the owner's mail is taken, while so many mails wait."""
    with Sink(Script()) as sink, look(url, folder, sink.port) as ctx:
        selling.publish(ctx)
        selling.person(ctx, working_hours={})
        ground.fill(ctx, 1)
        multiply(ctx, count)
        told = replace(ground.email(), key="staff_hot_lead", subject="{{ title }}", html="<p>{{ title }}</p>")
        with ctx.database.write() as conn:
            ground.publish(conn, replace(told, text="{{ title }}\n", links=(), reads=()), ctx.clock.engine())
        lead = selling.lead(ctx, phone="+84901234567", city="Hà Nội", city_folded="ha noi")
        with (
            machine(url, folder / "a", sink.port, {"clock"}),
            machine(url, folder / "b", sink.port, {"worker"}, SMTP_RATE=rate),
        ):
            until(lambda: len(sink.accepted) > 100, 60 * load(), lambda: ground.states(ctx))
            begun = time.monotonic()
            selling.happen(ctx, lead, Kind.CREATED, actor="engine")
            for _ in range(3):
                selling.happen(ctx, lead, url=selling.PRICES, message_id=None)
            until(lambda: "an@house.example" in sink.accepted, 60 * load(), lambda: ground.states(ctx))
            took = time.monotonic() - begun
            assert ground.states(ctx)["queued"] > count // 10  # else nothing was in its way
        assert twice(sink.accepted) == []
    return took


def test_an_alert_passes_a_large_broadcast(url: str, tmp_path: Path) -> None:
    """From the clicks that make a lead hot to the owner's mail: within ten seconds."""
    assert alert_behind(url, tmp_path, 6_000, "150/second") < 10


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_alert_passes_a_million_mails(url: str, tmp_path: Path) -> None:
    """The long form."""
    took = alert_behind(url, tmp_path, 1_000_000, "2000/second")
    sys.stderr.write(f"an alert behind 1,000,000 mails took {took:.2f} s\n")
    assert took < 10


def test_a_relays_rate_holds_over_all_workers_together(url: str, tmp_path: Path) -> None:
    """Three of them hand over no more than the one rate allows."""
    with Sink(Script()) as sink, look(url, tmp_path, sink.port) as ctx:
        ground.fill(ctx, 400)
        with ExitStack() as stack:
            for name in "abc":
                stack.enter_context(
                    machine(
                        url, tmp_path / name, sink.port, {"worker"}, {Queue.SEND}, SMTP_RATE="30/second", SENDERS="1"
                    )
                )
            until(lambda: len(sink.accepted) >= 20, 60 * load())
            before, begun = len(sink.accepted), time.monotonic()
            time.sleep(3.0)
            sent, took = len(sink.accepted) - before, time.monotonic() - begun
        assert 30 <= sent <= 30 * (took + 1.2)


def test_another_clock_takes_over_and_the_old_one_writes_no_more(url: str, tmp_path: Path) -> None:
    """Cut off in the middle of a tick: within fifteen seconds another is active, and what was begun is undone."""
    line = Line(url)
    first, second = (runner.context(one, tmp_path / name, 1) for one, name in ((line.url, "a"), (url, "b")))
    begun, go_on, ticked = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with first.database.write() as conn:
            conn.execute(leases.insert().values(name="written", holder="", until=first.clock.real(), fence=0))
            begun.set()
            go_on.wait(60)

    old, new = Ticker(first, slow), Ticker(second, ticked.set)
    old.start()
    assert begun.wait(10 * load())
    new.start()
    line.fall_silent()
    since = time.monotonic()
    assert ticked.wait(15 + 5 * (load() - 1))
    took = time.monotonic() - since
    line.speak()
    go_on.set()
    until(lambda: not old.active, 10 * load())
    with second.database.read() as conn:
        names = set(conn.execute(sa.select(leases.c.name)).scalars())
    old.stop()
    new.stop()
    for one in (first, second):
        one.database.close()
    line.close()
    assert took > 3  # it was held until its lease was over
    assert names == {LEASE}


def kills(url: str, folder: Path, count: int, times: int, clocks: int, workers: int) -> None:
    """Real processes, killed at random and started again, while so many leads are written to."""
    record = folder / "accepted"
    record.touch()
    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sink", "0", str(record), "0.01"], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert sink.stdout is not None
    port = int(sink.stdout.readline())
    with look(url, folder, port) as ctx, ExitStack() as stack:
        stack.callback(sink.stdout.close)
        stack.callback(sink.wait)
        stack.callback(sink.kill)
        campaign(ctx, count)
        house = House(folder, DATABASE_URL=url, SMTP_URL=f"smtp://127.0.0.1:{port}")
        running: dict[str, Process] = {}
        if not clocks:
            stack.enter_context(machine(url, folder / "clock", port, {"clock"}))
        for number in range(clocks):
            running[f"clock {number}"] = stack.enter_context(Process(house, "clock"))
        for number in range(workers):
            running[f"worker {number}"] = stack.enter_context(Process(house, "worker"))
        for turn in range(times):
            goal = count * turn // (times + 1)
            until(lambda goal=goal: lines(record) > goal, 120 * load(), lambda: (ground.states(ctx), house.log[-3000:]))
            time.sleep(random.uniform(0, 0.5))
            running[random.choice(list(running))].kill_and_start()
        until(lambda: is_through(ctx, count), 240 * load(), lambda: (ground.states(ctx), house.log[-3000:]))
        until(lambda: is_queue_empty(ctx), 60 * load())
        accepted = record.read_text().split()
        states = ground.states(ctx)
        assert twice(accepted) == []
        assert states.total() == states["sent"] + states["unknown"] == count
        assert states["unknown"] <= times * 4
        assert ground.addresses(ctx, "sent") <= set(accepted)
        assert "deadlock" not in house.log.lower()


def test_killed_workers_and_clocks_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    """The short form: two workers, one of them killed."""
    kills(url, tmp_path, 200, 1, 0, 2)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_three_workers_and_two_clocks_killed_over_twenty_thousand_mails(url: str, tmp_path: Path) -> None:
    """The long form: forty kills."""
    kills(url, tmp_path, 20_000, 40, 2, 3)
