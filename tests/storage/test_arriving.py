"""How far it is looked for those who come in: nobody is missed, and few are read through again."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.campaigns import store as campaign_store
from nurture.engine import revisions
from nurture.engine.tick import tick
from nurture.enrollments import arriving
from nurture.enrollments.arriving import CHUNK, Found
from nurture.kernel.context import Context
from nurture.segments import store as segment_store
from nurture.segments.tables import memberships, segments
from tests.storage.ticking import HELLO, HOUR, add_leads, apply, clock, places, publish_emails

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the tests name."""
    publish_emails(context, "hello", "again")
    return context


def _look(context: Context, found: Found | None = None) -> Found:
    with context.database.read() as conn:
        facts = segment_store.facts(conn)
        (stored,) = campaign_store.every(conn)
        campaign = revisions.load(conn, [stored.revision_id or 0], facts)[stored.revision_id or 0].campaign
        assert campaign is not None
        return arriving.look(conn, stored, campaign, facts, context.clock.engine(), found and found.after)


def _member(context: Context, lead: int, ago: timedelta) -> None:
    """A membership that is seen only now, though it began a while ago."""
    with context.database.write() as conn:
        number = conn.execute(sa.select(segments.c.id).where(segments.c.key == "everyone")).scalar_one()
        values = {"segment_id": number, "lead_id": lead, "joined_at": context.clock.engine() - ago}
        conn.execute(memberships.insert().values(values))


def test_a_second_look_begins_behind_the_first(ready: Context) -> None:
    """So that a million who come in together are not read through for each five hundred of them."""
    ids = add_leads(ready, CHUNK + 3)
    apply(ready, HELLO)
    for lead in ids:
        _member(ready, lead, MINUTE)
    first = _look(ready)
    second = _look(ready, first)
    assert [one.lead_id for one in (*first.asked, *second.asked)] == ids
    assert (first.more, second.more) == (True, False)


@pytest.mark.parametrize(
    ("ago", "until", "seen"),
    [
        pytest.param(5 * MINUTE, MINUTE, 1, id="a little late: at once"),
        pytest.param(3 * HOUR, MINUTE, 0, id="very late: not yet"),
        pytest.param(3 * HOUR, HOUR, 1, id="very late: with the next hour"),
    ],
)
def test_who_was_committed_late_is_found(ready: Context, ago: timedelta, until: timedelta, seen: int) -> None:
    """A little late at once, very late with the next hour."""
    apply(ready, HELLO)
    tick(ready)
    clock(ready).advance(24 * HOUR)
    tick(ready, refresh=False)
    clock(ready).advance(until)
    (lead,) = add_leads(ready, 1)
    _member(ready, lead, ago)
    tick(ready, refresh=False)
    assert len(places(ready, "id")) == seen
