"""Enrollments that cannot go on by themselves are found, and mended when asked."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.tables import campaign_revisions
from nurture.engine.doctor import Illness, examine, mend
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.storage.ticking import HELLO, add_leads, apply, clock, three_waiting


@pytest.fixture
def waiting(context: Context) -> Context:
    """Three leads have got the first email, and wait since then."""
    return three_waiting(context)


def _set(context: Context, table: sa.Table, number: int, **values: Any) -> None:
    with context.database.write() as conn:
        conn.execute(table.update().where(table.c.id == number).values(values))


def _first(context: Context) -> Any:
    with context.database.read() as conn:
        return conn.execute(sa.select(enrollments).order_by(enrollments.c.id)).first()


def _found(context: Context) -> list[tuple[int, Illness]]:
    with context.database.read() as conn:
        return [(one.enrollment_id, one.illness) for one in examine(conn, now=context.clock.engine(), zone="UTC")]


def _mend(context: Context) -> dict[Illness, int]:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return mend(conn, examine(conn, now=now, zone="UTC"), now=now, real=real)


def test_a_healthy_house_has_no_patients(waiting: Context) -> None:
    """Neither while a wait lasts nor at the instant at which it ends."""
    assert _found(waiting) == []
    clock(waiting).advance(timedelta(days=2))
    assert _found(waiting) == []


def test_a_house_without_any_message_has_no_patients(context: Context) -> None:
    """Those who wait for no mail wait for none that is lost."""
    add_leads(context, 2)
    apply(context, HELLO.replace("  - {id: first, send_email: hello}\n", ""))
    tick(context)
    assert _found(context) == []


def test_what_is_due_and_not_moved_is_found(waiting: Context) -> None:
    """A quarter of an hour after it was due; nothing of it can be mended here, the clock has to run."""
    clock(waiting).advance(timedelta(days=2, minutes=16))
    assert [illness for _, illness in _found(waiting)] == [Illness.PAST_DUE] * 3
    assert _mend(waiting) == {}


@pytest.mark.parametrize("values", [{"due_at": None}, {"waits_for": 999_999}])
def test_what_nothing_will_wake_is_woken(waiting: Context, values: dict[str, Any]) -> None:
    """No due date, or a mail that is not there: due now, with a decision that says so."""
    one = _first(waiting)
    _set(waiting, enrollments, one.id, **values)
    assert _found(waiting) == [(one.id, Illness.STUCK)]
    assert _mend(waiting) == {Illness.STUCK: 1}
    assert _found(waiting) == []
    with waiting.database.read() as conn:
        said = conn.execute(sa.select(decisions.c.reason).where(decisions.c.outcome == "mended")).scalars().all()
    assert said == ["mended"]


def test_a_mail_that_ended_without_a_word_holds_nobody(waiting: Context) -> None:
    """The mail went, and the enrollment waits for it still."""
    with waiting.database.read() as conn:
        gone = conn.execute(sa.select(messages.c.id)).scalars().first()
    one = _first(waiting)
    _set(waiting, enrollments, one.id, waits_for=gone)
    assert _found(waiting) == [(one.id, Illness.STUCK)]
    _mend(waiting)
    assert _first(waiting).waits_for is None


def test_what_is_held_for_a_person_is_not_ill(waiting: Context) -> None:
    """It has no due date on purpose."""
    _set(waiting, enrollments, _first(waiting).id, due_at=None, held="held_late")
    assert _found(waiting) == []


def test_a_step_that_is_gone_lets_the_lead_leave(waiting: Context) -> None:
    """With the reason."""
    one = _first(waiting)
    _set(waiting, enrollments, one.id, step="nowhere")
    assert _found(waiting) == [(one.id, Illness.NO_STEP)]
    assert _mend(waiting) == {Illness.NO_STEP: 1}
    assert (_first(waiting).state, _first(waiting).reason) == ("exited", "step_gone")


def test_a_merged_lead_leaves(waiting: Context) -> None:
    """Whatever became of the merge's own work."""
    one = _first(waiting)
    _set(waiting, leads, one.lead_id, merged_into=_first(waiting).lead_id + 1)
    assert _found(waiting) == [(one.id, Illness.MERGED)]
    _mend(waiting)
    assert _first(waiting).reason == "merged"


def test_a_revision_that_no_longer_reads_is_said_and_left_alone(waiting: Context) -> None:
    """A person has to apply a campaign that does."""
    one = _first(waiting)
    _set(waiting, campaign_revisions, one.revision_id, definition={"key": "hello", "steps": [{"id": "x", "fly": 1}]})
    assert {illness for _, illness in _found(waiting)} == {Illness.UNREADABLE}
    assert _mend(waiting) == {}


def test_what_fails_is_tried_again(waiting: Context) -> None:
    """At once, its error shown until then."""
    one = _first(waiting)
    _set(
        waiting,
        enrollments,
        one.id,
        attempts=2,
        error="ValueError: no",
        due_at=clock(waiting).engine() + timedelta(hours=1),
    )
    assert _found(waiting) == [(one.id, Illness.FAILING)]
    assert _mend(waiting) == {Illness.FAILING: 1}
    assert _first(waiting).due_at == clock(waiting).engine()
