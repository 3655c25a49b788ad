"""A step that became another kind under its id is a new step for whoever is moved to it."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.definition import from_revision
from nurture.campaigns.landing import UnderWay
from nurture.campaigns.store import get
from nurture.engine.moving import settle_under_way
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.outbound.tables import outbox
from nurture.segments import store as segment_store
from nurture.tasks.tables import tasks
from tests.storage.ticking import add_leads, apply, clock, hand_over, mails, places, publish_emails

HEAD = "key: hello\nname: Hello\nentry: {segment: everyone, existing: enroll}\nsending: {class: care}\nsteps:\n"
CALL = (
    HEAD
    + """
  - id: tell
    webhook:
      name: crm
      url: "https://crm.example.vn/in"
      wait: {within: 2 days, failed: [{id: late, add_tag: late}]}
"""
)
TEXT = (
    HEAD
    + """
  - {id: tell, send_sms: {text: "Chao"}}
"""
)
TASK = (
    HEAD
    + """
  - id: tell
    task: {kind: call, title: Call, due: 1 day, timeout: {after: 2 days}}
"""
)
MAIL = (
    HEAD
    + """
  - {id: tell, send_email: hello}
"""
)
TWO = (
    HEAD
    + """
  - {id: first, send_email: hello}
  - {id: breathe, wait: 2 days}
"""
)
TURNED = (
    HEAD
    + """
  - {id: breathe, wait: 2 days}
  - {id: first, send_email: hello}
"""
)


def _move(context: Context, text: str) -> None:
    apply(context, text)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        facts = segment_store.facts(conn)
        stored = get(conn, "hello")
        assert stored is not None
        campaign = from_revision(stored.definition, facts)
        settle_under_way(conn, "hello", campaign, UnderWay.MOVE, facts, now=now, real=real)


def _rows(context: Context, query: sa.Select[Any]) -> list[Any]:
    with context.database.read() as conn:
        return [tuple(row) for row in conn.execute(query)]


def test_what_the_old_step_did_is_not_taken_for_what_the_new_one_does(context: Context) -> None:
    """A webhook waited for its answer; a text message stands there now, and is written."""
    add_leads(context, 1, phone="+84901234567")
    apply(context, CALL)
    tick(context)
    _move(context, TEXT)
    tick(context)
    kinds = sa.select(outbox.c.kind, outbox.c.occurrence).order_by(outbox.c.id)
    assert _rows(context, kinds) == [("webhook", 1), ("sms", 2)]
    assert places(context, "state") == [("completed",)]


def test_a_task_of_a_step_that_is_another_now_is_taken_back(context: Context) -> None:
    """Nobody waits for it; the mail that stands there is written."""
    publish_emails(context, "hello")
    add_leads(context, 1)
    apply(context, TASK)
    tick(context)
    _move(context, MAIL)
    assert _rows(context, sa.select(tasks.c.state, tasks.c.reason)) == [("canceled", "revision_moved")]
    tick(context)
    assert mails(context, "step", "occurrence", "state") == [("tell", 2, "queued")]


def test_a_mail_written_before_is_not_written_again_and_a_decision_says_so(context: Context) -> None:
    """The steps were put into another order while the lead waited at the second."""
    publish_emails(context, "hello")
    add_leads(context, 1)
    apply(context, TWO)
    tick(context)
    hand_over(context)
    tick(context)
    _move(context, TURNED)
    clock(context).advance(timedelta(days=2, minutes=1))
    tick(context)
    assert mails(context, "step", "state") == [("first", "sent")]
    said = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.subject.like("%/first"))
    assert _rows(context, said) == [("no", "duplicate_message")]
    tick(context)
    assert _rows(context, sa.select(enrollments.c.state)) == [("completed",)]


def test_a_mail_that_waited_at_a_step_without_successor_leaves_a_reason(context: Context) -> None:
    """The lead stood before its mail; the step is gone, nothing follows, and the campaign is done."""
    add_leads(context, 1)
    apply(context, HEAD + "  - {id: pause, wait: 1 day}\n  - {id: tell, send_email: hello}\n")
    publish_emails(context, "hello")
    tick(context)
    _move(context, HEAD + "  - {id: other, add_tag: x}\n")
    said = sa.select(decisions.c.reason, decisions.c.detail).where(decisions.c.outcome == "moved")
    assert _rows(context, said) == [("revision_moved", {"campaign": "hello", "before": "pause", "after": None})]
    tick(context)
    assert places(context, "state", "reason") == [("completed", "done")]
