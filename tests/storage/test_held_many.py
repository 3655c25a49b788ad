"""What came late is decided about all at once, however much it is."""

from types import SimpleNamespace

from nurture.engine import held
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState
from nurture.messages.service import set_state

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
