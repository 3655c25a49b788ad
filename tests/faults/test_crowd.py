"""A crowd waits: an alert passes it, and a slow relay lets nothing pile up anywhere but in the line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.delivery.service import Dispatcher
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.messages.model import MessageClass, NewMessage, Purposes
from nurture.messages.service import write
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.faults import ground, runner
from tests.faults.sink import Script, Sink

_monotonic = SystemClock().monotonic
OWNER = "owner@anphat.example"
LEADS = 50


def _raise_alert(ctx: Context) -> None:
    """A mail to staff, as a hot lead's alert is."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        who = {"id": 4, "email": OWNER, "name": "Lan", "role": "sales", "working_hours": {}, "created_at": now}
        conn.execute(users.insert().values(who))
        text: dict[str, Any] = {
            "key": "alert",
            "html": "<p>{{ lead.name }}</p>",
            "text": "{{ lead.name }}",
            "links": (),
            "reads": ("lead",),
        }
        ground.publish(conn, replace(ground.email(), **text), now)
        values = {"lead": {"name": "Minh"}}
        alert = NewMessage(
            Purposes.ALERT, "alert", "vi", MessageClass.TRANSACTIONAL, now, user_id=4, unique_key="alert",
            values=values, address=OWNER, priority=1,
        )  # fmt: skip
        write(conn, [alert], now=now, real=now)
    ctx.wake.messages.set()


def _wait_of_an_alert(url: str, folder: Path, crowd: int, under_way: int) -> float:
    """Seconds from an alert's commit until the relay has it, while so many wait and some have gone."""
    with Sink(Script(delay=0.005)) as sink:
        ctx = runner.context(url, folder, sink.port)
        ground.fill(ctx, LEADS)
        ground.crowd(ctx, crowd, LEADS)
        dispatcher = Dispatcher(ctx)
        dispatcher.start()
        try:
            last = _monotonic() + 60
            while len(sink.accepted) < under_way and _monotonic() < last:
                ctx.wake.hits.wait(0.01)
            _raise_alert(ctx)
            began = _monotonic()
            while OWNER not in sink.accepted and _monotonic() < last:
                ctx.wake.hits.wait(0.01)
            waited = _monotonic() - began
        finally:
            dispatcher.stop()
        states = ground.states(ctx)
        ctx.database.close()
    assert OWNER in sink.accepted
    assert states["queued"] > crowd / 2
    assert states["sent"] == len(sink.accepted)
    assert set(states) <= {"queued", "sent"}
    return waited


def test_an_alert_does_not_wait_for_a_crowd(database_url: str, tmp_path: Path) -> None:
    """It is raised behind 5,000 mails that wait, and has gone before half of them."""
    assert _wait_of_an_alert(database_url, tmp_path, 5_000, 100) < 10


@pytest.mark.long
def test_an_alert_does_not_wait_for_a_million(database_url: str, tmp_path: Path) -> None:
    """The same behind a million."""
    assert _wait_of_an_alert(database_url, tmp_path, 1_000_000, 500) < 10


def test_a_slow_relay_lets_nothing_pile_up(database_url: str, tmp_path: Path) -> None:
    """No more is under way than the senders' windows; nothing else is held, late or unsure, and all adds up."""
    with Sink(Script(delay=0.25)) as sink:
        ctx = runner.context(database_url, tmp_path, sink.port, NURTURE_SENDERS="2", NURTURE_CONNECTIONS="2")
        ground.fill(ctx, LEADS)
        ground.crowd(ctx, 1_000, LEADS)
        dispatcher = Dispatcher(ctx)
        dispatcher.start()
        most, last = 0, _monotonic() + 30
        while len(sink.accepted) < 24 and _monotonic() < last:
            ctx.wake.hits.wait(0.05)
            most = max(most, ground.states(ctx)["sending"])
        dispatcher.stop()
        states = ground.states(ctx)
        with ctx.database.read() as conn:
            held = conn.execute(
                sa.select(sa.func.count()).select_from(messages).where(messages.c.lease_until.is_not(None))
            ).scalar_one()
        ctx.database.close()
    assert 0 < most <= 2 * 8  # of two senders, each with two conversations and as much again in hand, and some room
    assert held == 0
    assert set(states) == {"queued", "sent"}
    assert states["sent"] == len(sink.accepted)
    assert states.total() == LEADS + 1_000
