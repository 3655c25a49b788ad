"""A sweep finds what was committed late, however fast engine time goes."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.context import Context
from nurture.segments import store
from nurture.segments.tables import memberships, segments
from nurture.segments.upkeep import keep
from tests.storage.ticking import HELLO, SEGMENTS, add_leads, apply, clock


@pytest.mark.parametrize(
    ("pace", "found"),
    [pytest.param(1.0, [], id="no transaction lasts for ten minutes"), pytest.param(60.0, [1], id="ten seconds")],
)
def test_a_sweep_looks_back_for_as_long_as_a_transaction_may_last(
    context: Context, pace: float, found: list[int]
) -> None:
    """What was sent at ten was committed after the sweep of ten past ten: in time-lapse that is a moment."""
    (lead,) = add_leads(context, 1)
    apply(context, HELLO, segments=SEGMENTS + "mailed: {name: Mailed, when: {sent: {}}}\n")
    at, real = context.clock.engine(), context.clock.real()
    with context.database.read() as conn:
        facts = store.facts(conn)
    keep(context.database, clock(context).advance(timedelta(minutes=10)), real, facts, pace=pace)
    with context.database.write() as conn:
        record_set(conn, [Activity(lead, Kind.MESSAGE_SENT, at, "engine", "test")], real=real, react=False)
    keep(context.database, clock(context).advance(timedelta(minutes=1)), real, facts, pace=pace)
    with context.database.read() as conn:
        mailed = sa.select(memberships.c.lead_id).join(segments).where(segments.c.key == "mailed")
        assert list(conn.execute(mailed).scalars()) == found
