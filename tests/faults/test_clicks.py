"""A click that was answered is never lost: the server is killed while a crowd is clicking, and begins again."""

import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from nurture.bench.clicks import Answers, click
from nurture.kernel.signing import load_ring
from nurture.messages import links
from tests.journeys.server import House, wait_for

URL = "https://anphat.example/bang-gia?l={number}"


def _paths(house: House, first: int, count: int) -> list[bytes]:
    """Links of so many mails; their tokens need no row."""
    ring = load_ring(house.folder / "data" / "keys.json")
    return [
        (links.CLICK_PATH + links.click_token(ring, number, 2, URL.format(number=number))).encode()
        for number in range(first, first + count)
    ]


def _killed_under(house: House, first: int, after: float) -> set[int]:
    """The mails whose clicks were answered until the server was killed, so many seconds after the first answer."""
    told: list[Answers] = []
    with house.process("web") as running:
        wait_for(lambda: house.get("/healthz", quiet=True) or running.poll(), 60, "the server answers")
        paths = _paths(house, first, 20_000)
        crowd = threading.Thread(target=lambda: told.append(click(house.port, paths, 32)))
        crowd.start()
        time.sleep(after)
        os.killpg(running.pid, signal.SIGKILL)
        crowd.join(60)
        running.wait()
    (answers,) = told
    assert 0 < len(answers.redirected) < 20_000
    return {first + place for place in answers.redirected}


def _kept(house: House) -> list[int]:
    with sqlite3.connect(house.folder / "data" / "nurture.db") as database:
        return [number for (number,) in database.execute("SELECT message_id FROM hits")]


def _loses_nothing(folder: Path, kills: list[float]) -> None:
    """However often it is killed: what was answered is there, and nothing twice."""
    house, answered = House(folder), set[int]()
    for number, after in enumerate(kills):
        answered |= _killed_under(house, 1 + number * 20_000, after)
    with house.process("web") as running:
        wait_for(lambda: house.get("/healthz", quiet=True) or running.poll(), 60, "the server answers again")
        wait_for(lambda: answered <= set(_kept(house)), 30, "what was spooled is in the table")
    kept = _kept(house)
    assert len(kept) == len(set(kept))


def test_a_killed_server_loses_no_answered_click(tmp_path: Path) -> None:
    """From the table or from the spool."""
    _loses_nothing(tmp_path, [0.4])


@pytest.mark.long
def test_a_server_killed_again_and_again_loses_no_answered_click(tmp_path: Path) -> None:
    """At whatever moment of a commit."""
    _loses_nothing(tmp_path, [0.05, 0.2, 0.33, 0.7, 1.1, 1.9, 0.5, 0.15])
