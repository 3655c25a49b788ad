"""What came late is decided about all at once, however much it is."""

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.engine import held
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState
from nurture.messages.service import set_state
from nurture.messages.tables import messages
from nurture.users.tables import audit
from tests.faults.ground import fill

MANY = range(1, 70_001)  # more than one statement has parameters for


def test_seventy_thousand_late_mails_are_let_go_at_once(context: Context) -> None:
    """A large one-time email that a standstill caught."""
    with context.database.write() as conn:
        held._release(conn, [], [SimpleNamespace(id=number) for number in MANY], context.clock.engine())


def test_seventy_thousand_mails_change_their_state_at_once(context: Context) -> None:
    """Dropped, or canceled."""
    with context.database.write() as conn:
        moved = set_state(conn, MANY, MessageState.SKIPPED, now=context.clock.engine(), reason=Reason.LATE_DROPPED)
    assert moved == []


@pytest.mark.parametrize("verb", [held.RELEASE, held.DROP])
def test_much_is_decided_about_in_parts(context: Context, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Nobody waits for all of them; each part has its line in the audit."""
    monkeypatch.setattr(held, "PART", 2)
    fill(context, 5)
    with context.database.write() as conn:
        conn.execute(messages.update().values(reason=Reason.HELD_LATE.value))
    now, real = context.clock.engine(), context.clock.real()
    assert held.decide_all(context.database, None, verb, now=now, real=real) == 5

    def rows(query: sa.Select[Any]) -> list[Any]:
        with context.database.read() as conn:
            return list(conn.execute(query).scalars())

    assert [one["count"] for one in rows(sa.select(audit.c.detail).order_by(audit.c.id))] == [2, 2, 1]
    assert set(rows(sa.select(messages.c.reason))) == {"" if verb == held.RELEASE else "late_dropped"}
