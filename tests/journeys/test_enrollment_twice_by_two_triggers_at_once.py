"""A known failure of other systems: a lead that two triggers bring at the same moment is enrolled twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from nurture.activities.tables import decisions, reactions
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments import service
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads import service as lead_service
from nurture.messages.tables import messages
from tests.storage.ticking import HOUR, add_leads, apply, clock, publish_emails, rows

CAMPAIGN = """
key: hello
name: Hello
entry:
  any: [{tag: vip}, {segment: vips, existing: enroll}, {activity: {clicked: {}}}]
  again: after_exit
steps:
  - {id: first, send_email: hello}
  - {id: breathe, wait: 2 days}
"""
LEADS = 40


def _tag_and_enroll(context: Context, barrier: Barrier, ids: list[int], workers: ThreadPoolExecutor) -> None:
    """Segment, tag and a person bring the same leads, each in a thread of its own, all at once."""

    def by_hand() -> None:
        now = context.clock.engine()
        for lead in reversed(ids):
            with context.database.write() as conn:
                service.enroll(conn, "hello", [lead], cause="user:1", now=now, real=now, actor="user:1")

    def reacting() -> None:
        while react(context):
            pass

    def at_once(work: Callable[[], object]) -> None:
        barrier.wait()
        work()

    works: list[Callable[[], object]] = [by_hand, reacting, reacting, lambda: tick(context, refresh=True)]
    for done in [workers.submit(at_once, work) for work in works]:
        done.result()


def test_enrollment_twice_by_two_triggers_at_once(context: Context) -> None:
    """Each lead enters once and gets one mail; the other triggers are told that it was in already."""
    publish_emails(context, "hello")
    apply(context, CAMPAIGN)
    tick(context, refresh=True)
    with ThreadPoolExecutor(4) as workers:
        for _ in range(3):
            clock(context).advance(HOUR)
            ids = add_leads(context, LEADS)
            now = context.clock.engine()
            for lead in ids:
                with context.database.write() as conn:
                    lead_service.tag(conn, lead, "vip", now=now, real=now, actor="user:1", cause="user:1")
            _tag_and_enroll(context, Barrier(4), ids, workers)
    while react(context):
        pass
    tick(context, refresh=True)
    counts = rows(context, sa.select(sa.func.count()).select_from(enrollments).group_by(enrollments.c.lead_id))
    assert [count for (count,) in counts] == [1] * (3 * LEADS)
    mails = rows(context, sa.select(messages.c.lead_id))
    assert len(mails) == len(set(mails)) == 3 * LEADS
    told = sa.select(decisions.c.reason, sa.func.count()).where(decisions.c.kind == "enroll").group_by("reason")
    assert rows(context, told) == [("already_enrolled", 2 * 3 * LEADS)]
    assert rows(context, sa.select(sa.func.count()).select_from(reactions).where(reactions.c.error.is_not(None))) == [
        (0,)
    ]
