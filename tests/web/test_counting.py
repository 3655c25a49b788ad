"""Counts over very many rows are kept for a moment, and never for long."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from flask import Flask
from sqlalchemy.engine import Connection

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.web import counting
from nurture.web.counting import LEAST, MANY, OLDEST, Counted


class Account:
    """Something to count that says how often it was counted."""

    def __init__(self, ctx: Context, rows: int) -> None:
        self.ctx = ctx
        self.rows = rows
        self.times = 0
        self.threads: set[str] = set()

    def ask(self) -> Counted[int]:
        """What a page gets."""
        with self.ctx.database.read() as conn:
            return counting.counted(conn, "account", self._count, lambda _: self.rows)

    def _count(self, _conn: Connection) -> int:
        self.times += 1
        self.threads.add(threading.current_thread().name)
        return self.times


@pytest.fixture
def within(app: Flask) -> Iterator[None]:
    """A request."""
    with app.test_request_context("/"):
        app.preprocess_request()
        yield


def _advance(ctx: Context, span: timedelta) -> None:
    cast("ManualClock", ctx.clock).advance(span)


@pytest.mark.usefixtures("within")
def test_few_rows_are_counted_for_every_page(ctx: Context) -> None:
    """What somebody has just changed stands there at once."""
    account = Account(ctx, MANY - 1)
    assert [account.ask(), account.ask()] == [Counted(1), Counted(2)]


@pytest.mark.usefixtures("within")
def test_many_rows_are_counted_once_and_say_when(ctx: Context) -> None:
    """The page tells of which instant its figures are."""
    account = Account(ctx, MANY)
    at = ctx.clock.real()
    first, second = account.ask(), account.ask()
    assert first == second == Counted(1, at)


@pytest.mark.usefixtures("within")
def test_an_older_count_is_shown_while_a_new_one_is_taken_beside_the_page(ctx: Context) -> None:
    """Nobody waits for it, and the next page has it."""
    account = Account(ctx, MANY)
    account.ask()
    _advance(ctx, LEAST * 2)
    assert account.ask().value == 1
    until = time.monotonic() + 10
    while account.ask().value == 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert account.ask().value == 2
    assert "counting" in account.threads


@pytest.mark.usefixtures("within")
def test_nobody_is_shown_a_count_that_is_older_than_a_minute(ctx: Context) -> None:
    """Then the page counts."""
    account = Account(ctx, MANY)
    account.ask()
    _advance(ctx, OLDEST)
    assert account.ask().value == 2
    assert account.threads == {threading.current_thread().name}
