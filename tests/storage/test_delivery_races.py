"""The go and whoever changes the same rows at the same moment: nothing is lost, and no two wait for each other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from nurture.campaigns.house import publish
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.engine.silence import look_again
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.faults.ground import fill


@pytest.fixture
def several(postgres_url: str, clock: ManualClock, tmp_path: Path) -> Iterator[Context]:
    """A context on the database that has more than one writer."""
    database = Database(postgres_url)
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": postgres_url})
    yield Context(settings, database, clock, new_ring())
    database.close()


@contextmanager
def _at(ctx: Context, moment: str, word: str, act: Callable[[], None]) -> Iterator[list[bool]]:
    """Act once, `before` or `after` the first statement with this word."""
    done: list[bool] = []

    def look(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not done and word in statement:
            done.append(True)
            act()

    name = f"{moment}_cursor_execute"
    event.listen(ctx.database.engine, name, look)
    try:
        yield done
    finally:
        event.remove(ctx.database.engine, name, look)


def _reserve(ctx: Context, sender: str = "s1") -> list[int]:
    with ctx.database.write() as conn:
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": ctx.database.now(conn)}
        return store.reserve(conn, sender, 64, lease=timedelta(seconds=60), **times)


def _go(ctx: Context, ids: list[int], sender: str = "s1") -> list[int]:
    with ctx.database.write() as conn:
        return [one.message_id for one in go(conn, ctx, sender, ids, at=ctx.database.now(conn))]


def _row(ctx: Context, number: int = 1) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(messages).where(messages.c.id == number)).one()


@pytest.mark.postgres
def test_a_refusal_committed_while_the_go_waits_for_a_slot_wins(several: Context) -> None:
    """It is read once the quotas are locked."""
    fill(several, 2)
    with several.database.write() as conn:
        publish(conn, "cap: 5 in 7 days", several.clock.engine())

    def refuse() -> None:
        now = several.clock.engine()
        with several.database.write() as conn:
            said = Said(Method.PAGE, "unsubscribe", "lead", "hit:1", now, now)
            suppress(conn, several.keys, "lead1@example.com", SuppressionReason.UNSUBSCRIBED, said=said)

    ids = _reserve(several)
    with _at(several, "before", "INSERT INTO quotas", refuse) as done:
        assert _go(several, ids) == [2]
    assert done
    assert (_row(several).state, _row(several).reason) == ("skipped", "unsubscribed")


def test_a_silence_that_ends_between_the_last_look_and_its_commit_holds_nothing(context: Context) -> None:
    """Whoever lets go on waits for the go that holds the mail, and finds it held."""
    fill(context, 1)
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(leads.update().values(paused_at=now))

    def let_go() -> None:
        with context.database.write() as conn:
            conn.execute(leads.update().values(paused_at=None))
        with context.database.write() as conn:
            look_again(conn, [1], now=now)

    other = threading.Thread(target=let_go)

    def begin() -> None:
        other.start()
        other.join(0.3)

    ids = _reserve(context)
    with _at(context, "after", "replied_at IS NOT NULL", begin) as done:
        assert _go(context, ids) == []
    other.join(10)
    assert done
    assert (_row(context).reason, _row(context).not_before) == ("paused_by_hand", now)
    assert _go(context, _reserve(context)) == [1]
