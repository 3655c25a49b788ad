"""Requests as granian hands them over: a link waits for its commit without a thread, a page has one of a pool."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nurture.kernel.context import Context
from nurture.messages import links
from nurture.tracking.edge import Tracker
from nurture.web.serving import can_answer_later, taking

URL = "https://anphat.example/bang-gia"


class Protocol:
    """What a request is answered by."""

    def __init__(self) -> None:
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.answered = threading.Event()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """The answer."""
        self.answer = (status, dict(headers), body)
        self.answered.set()


@pytest.fixture
def tracker(context: Context) -> Iterator[Tracker]:
    """A running tracker that waits for the database."""
    one = Tracker(context, patience=5.0)
    one.start()
    yield one
    one.stop()


def scope(path: str) -> dict[str, Any]:
    """A request as granian tells of it."""
    return {"PATH_INFO": path, "REQUEST_METHOD": "GET", "REMOTE_ADDR": "203.0.113.77"}


def test_this_granian_lets_us_answer_later() -> None:
    """Without it every hit needs a thread of its own: slower, and seen here first."""
    assert can_answer_later()


def test_a_link_is_answered_after_its_commit_and_holds_no_thread(context: Context, tracker: Tracker) -> None:
    """The call comes back at once, the answer when the database has the hit."""
    call, asked = taking(tracker, lambda *_: None), Protocol()
    with context.database.write():
        if context.database.is_sqlite:
            call(asked, scope(links.CLICK_PATH + links.click_token(context.keys, 7, 2, URL)))
            assert not asked.answered.wait(0.05)
    if not context.database.is_sqlite:
        call(asked, scope(links.CLICK_PATH + links.click_token(context.keys, 7, 2, URL)))
    assert asked.answered.wait(5)
    assert asked.answer is not None
    assert (asked.answer[0], asked.answer[1]["Location"]) == (302, URL)


@pytest.mark.parametrize("path", ["/leads", "/c/forged"])
def test_everything_else_is_a_page(tracker: Tracker, path: str) -> None:
    """Slow ones wait side by side."""
    met = threading.Barrier(2, timeout=5)

    def page(protocol: Protocol, asked: dict[str, Any]) -> None:
        met.wait()
        protocol.response_bytes(200, [("X-Path", asked["PATH_INFO"])], b"page")

    call, several = taking(tracker, page), [Protocol(), Protocol()]
    for one in several:
        call(one, scope(path))
    assert all(one.answered.wait(5) for one in several)
    assert [one.answer for one in several] == [(200, {"X-Path": path}, b"page")] * 2


def test_a_page_that_fails_is_answered(tracker: Tracker) -> None:
    """Nobody waits for ever."""

    def page(*_: object) -> None:
        raise ValueError("broken")

    asked = Protocol()
    taking(tracker, page)(asked, scope("/leads"))
    assert asked.answered.wait(5)
    assert asked.answer == (500, {}, b"")
