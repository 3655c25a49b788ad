"""The effect JoinSegment puts leads into segments kept by hand."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.kernel.context import Context
from nurture.segments import store
from nurture.segments.tables import memberships
from tests.storage.performing.ground import go, lines, told
from tests.storage.ticking import add_leads, rows


def test_a_lead_joins_once(context: Context) -> None:
    """With its cause in the history and a line in the timeline."""
    (lead,) = add_leads(context, 1)
    go(context, "add_to_segment: guests", "add_to_segment: guests")
    with context.database.read() as conn:
        assert store.members(conn, "guests") == [lead]
    query = sa.select(memberships.c.cause).where(memberships.c.cause.is_not(None))
    assert rows(context, query) == [("enrollment:1/step0/1",)]
    assert lines(context, Kind.SEGMENT_JOINED) == [
        (lead, "segment_joined", "enrollment:1/step0/1", "hello", {"segment": "guests"})
    ]


def test_a_segment_that_a_rule_keeps_takes_nobody(context: Context) -> None:
    """The step goes on; a decision says why."""
    add_leads(context, 1)
    go(context, "add_to_segment: vips")
    assert told(context) == [("no", "kept_by_rule", {"segment": "vips"})]


def test_joining_starts_the_campaigns_of_the_segment(context: Context) -> None:
    """As any other segment does."""
    (lead,) = add_leads(context, 1)
    other = "key: other\nname: O\nentry: {segment: guests, existing: enroll}\nsteps:\n  - {id: a, wait: 1 day}\n"
    go(context, "add_to_segment: guests", others=[other], ticks=2)
    assert [(one, key) for one, _, _, key, _ in lines(context, Kind.ENROLLED)] == [(lead, "hello"), (lead, "other")]
