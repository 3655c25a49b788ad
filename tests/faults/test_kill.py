"""Killed at any point: nothing lost, nothing twice, unknown only what was between the final dot and its answer."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from nurture.kernel.context import Context
from tests.faults import ground
from tests.faults.runner import context

ROOT = Path(__file__).resolve().parents[2]
SENDERS, CONNECTIONS = 2, 2
DELAY = 0.03


class Bench:
    """A sink, a database, and runners that can be killed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "accepted"
        self.record.touch()
        command = [sys.executable, "-m", "tests.faults.sink", "0", str(self.record), str(DELAY)]
        self.sink = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.sink.stdout is not None
        self.port = int(self.sink.stdout.readline())
        self.ctx: Context = context(url, folder, self.port)
        self.url = url
        self.runners: list[subprocess.Popen[bytes]] = []

    def run(self) -> subprocess.Popen[bytes]:
        """Start one more parent, in a process group of its own."""
        command = [sys.executable, "-m", "tests.faults.runner", self.url, str(self.folder), str(self.port)]
        with (self.folder / "runner.log").open("ab") as log:
            one = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, cwd=ROOT, start_new_session=True)
        self.runners.append(one)
        return one

    def end(self, one: subprocess.Popen[bytes]) -> None:
        """Ask a parent to end in order, and wait for it."""
        assert one.stdin is not None
        one.stdin.close()
        one.wait(40)
        self.runners.remove(one)

    def kill(self, one: subprocess.Popen[bytes]) -> None:
        """kill -9 to a parent and its senders at once."""
        os.killpg(one.pid, signal.SIGKILL)
        self._buried(one)

    def kill_parent(self, one: subprocess.Popen[bytes]) -> None:
        """kill -9 to a parent alone."""
        os.kill(one.pid, signal.SIGKILL)
        self._buried(one)

    def kill_a_sender(self) -> bool:
        """kill -9 to one sender alone; False while there is none, or only one that was killed before."""
        pids = ground.living_pids(self.ctx)
        try:
            os.kill(random.choice(pids), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True

    def _buried(self, one: subprocess.Popen[bytes]) -> None:
        one.wait(10)
        assert one.stdin is not None
        one.stdin.close()
        self.runners.remove(one)

    def accepted(self) -> list[str]:
        """Every recipient whose final dot the sink saw."""
        return self.record.read_text().split()

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for it; AssertionError with the log's end when it does not come."""
        last = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > last:
                log = (self.folder / "runner.log").read_text()[-3000:]
                raise AssertionError(f"{ground.states(self.ctx)} {len(self.accepted())}\n{log}")
            time.sleep(0.02)

    def is_done(self) -> bool:
        """Whether nothing waits or is under way."""
        states = ground.states(self.ctx)
        return not (states["queued"] or states["sending"] or states["deferred"])

    def has_got_on(self, so_far: int) -> bool:
        """Whether so many were accepted, or there is no more to do."""
        return len(self.accepted()) >= so_far or self.is_done()

    def close(self) -> None:
        """End everything."""
        for one in list(self.runners):
            self.kill(one)
        self.sink.kill()
        self.sink.wait()
        assert self.sink.stdout is not None
        self.sink.stdout.close()
        self.ctx.database.close()


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path) -> Iterator[Bench]:
    """On SQLite."""
    one = Bench(sqlite_url, tmp_path)
    yield one
    one.close()


@pytest.fixture
def postgres_bench(postgres_url: str, tmp_path: Path) -> Iterator[Bench]:
    """On PostgreSQL."""
    one = Bench(postgres_url, tmp_path)
    yield one
    one.close()


def _hold(bench: Bench, count: int, kills_of_all: int, kills_of_one: int) -> None:
    """What must be true in the end."""
    accepted = Counter(bench.accepted())
    states = ground.states(bench.ctx)
    assert [address for address, times in accepted.items() if times > 1] == []
    assert states["sent"] + states["unknown"] == count, states
    everybody = {f"lead{n}@example.com" for n in range(1, count + 1)}
    assert ground.addresses(bench.ctx, "sent") <= accepted.keys()
    assert everybody - accepted.keys() <= ground.addresses(bench.ctx, "unknown")
    assert states["unknown"] <= kills_of_all * SENDERS * CONNECTIONS + kills_of_one * CONNECTIONS


def _loop(bench: Bench, count: int, kills: int) -> None:
    """Kill the whole group and one sender alone by turns, each after some progress."""
    ground.fill(bench.ctx, count)
    parent = bench.run()
    step = count // (4 * kills)  # what goes on between the order to kill and the kill is the other half
    for turn in range(2 * kills):
        assert not bench.is_done(), f"only {turn} of {2 * kills} kills found something to interrupt"
        bench.until(partial(bench.has_got_on, len(bench.accepted()) + step), 60)
        time.sleep(random.uniform(0, 0.06))
        if turn % 2 == 0:
            bench.kill(parent)
            parent = bench.run()
        else:
            bench.until(bench.kill_a_sender, 30)
    bench.until(bench.is_done, 120)
    bench.end(parent)
    _hold(bench, count, kills, kills)


def test_killed_four_times_each_nothing_is_lost_or_doubled(bench: Bench) -> None:
    """The short form: the whole group and one sender alone."""
    _loop(bench, 500, 4)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_over_fifty_kills_nothing_is_lost_or_doubled(bench: Bench) -> None:
    """The long form: 52 kills, two thousand messages, while an answer takes 30 ms."""
    _loop(bench, 2_000, 26)


def test_an_orphaned_sender_writes_no_further_dot(bench: Bench) -> None:
    """Only the parent dies: its senders read the answers they wait for and end; another parent goes on at once."""
    ground.fill(bench.ctx, 300)
    parent = bench.run()
    bench.until(lambda: len(bench.accepted()) > 60, 30)
    bench.kill_parent(parent)
    heir = bench.run()
    bench.until(bench.is_done, 60)
    bench.end(heir)
    _hold(bench, 300, 0, 0)


@pytest.mark.postgres
def test_three_workers_on_one_database_send_nothing_twice(postgres_bench: Bench) -> None:
    """Claims keep them apart, and when one is killed the others finish its work."""
    ground.fill(postgres_bench.ctx, 600)
    workers = [postgres_bench.run() for _ in range(3)]
    postgres_bench.until(lambda: len(postgres_bench.accepted()) > 150, 60)
    postgres_bench.kill(workers[0])
    postgres_bench.until(postgres_bench.is_done, 60)
    for one in workers[1:]:
        postgres_bench.end(one)
    _hold(postgres_bench, 600, 1, 0)
