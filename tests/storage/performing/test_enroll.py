"""The effect Enroll lets leads enter other campaigns."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import decisions
from nurture.campaigns.tables import campaigns
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from tests.storage.performing.ground import go, lines, put, told
from tests.storage.ticking import add_leads, rows

OTHER = "key: other\nname: O\nentry: {by_hand: true}\nsteps:\n  - {id: a, wait: 1 day}\n"


def test_a_lead_enters_with_the_step_as_cause(context: Context) -> None:
    """A second time the other campaign says why not."""
    (lead,) = add_leads(context, 1)
    go(context, "enroll: other", "enroll: other", others=[OTHER])
    assert [(one, key) for one, _, _, key, _ in lines(context, Kind.ENROLLED)] == [(lead, "hello"), (lead, "other")]
    causes = rows(context, sa.select(enrollments.c.cause).order_by(enrollments.c.id))
    assert causes[1] == ("enrollment:1/step0/1",)
    refused = rows(context, sa.select(decisions.c.subject, decisions.c.reason, decisions.c.cause))
    assert refused == [("campaign:other", "already_enrolled", "enrollment:1/step1/1")]


def test_a_campaign_that_does_not_run_is_a_reason(context: Context) -> None:
    """The lead goes on."""
    add_leads(context, 1)
    put(context, "enroll: other", "add_tag: vip", others=[OTHER])
    with context.database.write() as conn:
        conn.execute(campaigns.update().where(campaigns.c.key == "other").values(state="archived"))
    tick(context)
    assert told(context) == [("no", "no_campaign", {"campaign": "other"})]
    assert len(lines(context, Kind.TAGGED)) == 1


def test_a_campaign_may_lead_into_itself(context: Context) -> None:
    """The enrollment that asks has ended by then, where the step is its last."""
    add_leads(context, 1)
    go(context, "enroll: hello", again="after_exit")
    tick(context)
    states = [row.state for row in rows(context, sa.select(enrollments.c.state).order_by(enrollments.c.id))]
    assert states[:2] == ["completed", "completed"]
    assert len(states) > 2
