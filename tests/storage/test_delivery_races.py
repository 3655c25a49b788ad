"""The go and whoever changes the same rows at the same moment: nothing is lost, and no two wait for each other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from nurture.campaigns.house import publish
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.delivery.resolve import Resolution, Which, resolve
from nurture.engine.leave import take_out
from nurture.engine.silence import look_again
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.store import hold
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import set_state
from nurture.messages.tables import messages
from tests.faults.ground import fill
from tests.storage.ticking import HELLO, add_leads, apply, places, publish_emails


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

    ids = _reserve(several)
    with _at(several, "before", "INSERT INTO quotas", lambda: _refuse(several, "lead1@example.com")) as done:
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


def _refuse(ctx: Context, *addresses: str) -> None:
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        for one in addresses:
            said = Said(Method.PAGE, "unsubscribe", "lead", "hit:1", now, now)
            suppress(conn, ctx.keys, one, SuppressionReason.UNSUBSCRIBED, said=said)


def _written(ctx: Context, count: int) -> None:
    """Leads whose enrollments wait for their first mail."""
    publish_emails(ctx, "hello", "again")
    add_leads(ctx, count)
    apply(ctx, HELLO)
    tick(ctx)


@pytest.mark.postgres
def test_a_go_that_skips_a_mail_does_not_wait_for_whoever_takes_its_lead_out(several: Context) -> None:
    """One holds the mail and wants the enrollment, the other the reverse: the go asks again in a moment."""
    _written(several, 1)
    _refuse(several, "lead1@example.vn")
    now, real = several.clock.engine(), several.clock.real()
    has_place = threading.Event()
    failed: list[Exception] = []

    def leave() -> None:
        try:
            with several.database.write() as conn:
                conn.execute(sa.select(enrollments.c.id).with_for_update(key_share=True))
                has_place.set()
                take_out(conn, [1], now=now, real=real)
        except sa.exc.OperationalError as error:
            failed.append(error)

    other = threading.Thread(target=leave)

    def begin() -> None:
        other.start()
        has_place.wait(10)
        other.join(0.3)

    ids = _reserve(several)
    with _at(several, "after", "SKIP LOCKED", begin) as done:
        assert _go(several, ids) == []
    other.join(10)
    assert done
    assert failed == []
    assert places(several, "state", "reason") == [("exited", "left_by_hand")]
    assert (_row(several).state, _row(several).reason) == ("canceled", "left_by_hand")


@pytest.mark.postgres
def test_a_go_passes_over_a_mail_that_is_just_being_taken_back(several: Context) -> None:
    """It stays reserved, and is asked about again once whoever holds it is done."""
    _written(several, 2)
    ids = _reserve(several)
    with several.database.write() as conn:
        set_state(conn, ids[:1], MessageState.CANCELED, now=several.clock.engine())
        assert _go(several, ids) == ids[1:]
        with several.database.read() as other:
            assert store.still_reserved(other, "s1", ids) == {ids[0]}
    with several.database.read() as other:
        assert store.still_reserved(other, "s1", ids) == set()


def test_those_whose_refused_mail_ends_go_on(context: Context) -> None:
    """Where nobody else holds them, at once."""
    _written(context, 2)
    _refuse(context, "lead1@example.vn", "lead2@example.vn")
    assert _go(context, _reserve(context)) == []
    assert places(context, "waits_for") == [(None,), (None,)]


@pytest.mark.postgres
def test_who_resolves_a_mail_waits_for_whoever_holds_its_lead(several: Context) -> None:
    """What came back about the lead takes its mails first and their places after: resolving must hold neither."""
    _written(several, 1)
    now = several.clock.engine()
    with several.database.write() as conn:
        conn.execute(messages.update().values(state="unknown", gone_at=now, ended_at=now))
    done: list[list[int]] = []

    def say() -> None:
        with several.database.write() as conn:
            done.append(resolve(conn, several, "cli", Which(), Resolution.SENT, "seen in its log"))

    other = threading.Thread(target=say)
    with several.database.write() as conn:
        hold(conn, [1])
        conn.execute(sa.select(messages.c.id).with_for_update(key_share=True))
        other.start()
        other.join(0.3)
        conn.execute(sa.select(enrollments.c.id).with_for_update(key_share=True, nowait=True))
    other.join(10)
    assert done == [[1]]
