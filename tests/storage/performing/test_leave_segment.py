"""The effect LeaveSegment takes leads out of segments kept by hand."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.kernel.context import Context
from nurture.segments import store
from nurture.segments.tables import memberships
from tests.storage.performing.ground import go, lines
from tests.storage.ticking import add_leads, rows


def test_a_lead_leaves_and_may_join_again(context: Context) -> None:
    """Each stay is a row of the history; who is not in needs nothing."""
    (lead,) = add_leads(context, 1)
    go(context, "remove_from_segment: guests", "add_to_segment: guests", "remove_from_segment: guests",
       "add_to_segment: guests")  # fmt: skip
    with context.database.read() as conn:
        assert store.members(conn, "guests") == [lead]
    m = memberships.c
    query = sa.select(m.cause, m.left_cause).where(m.cause.is_not(None)).order_by(m.id)
    assert rows(context, query) == [
        ("enrollment:1/step1/1", "enrollment:1/step2/1"),
        ("enrollment:1/step3/1", None),
    ]
    assert len(lines(context, Kind.SEGMENT_LEFT)) == 1
