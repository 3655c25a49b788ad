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
from nurture.segments.service import note_evaluated
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
    with ready.database.write() as conn:
        note_evaluated(conn, "everyone", ready.clock.engine(), ready.clock.real())
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


def _skipping(context: Context) -> None:
    apply(context, HELLO.replace("existing: enroll", "existing: skip"))


def _seconds_later(context: Context) -> None:
    clock(context).advance(timedelta(seconds=5))
    tick(context)


def test_those_in_a_segment_that_comes_with_the_campaign_were_there_before(ready: Context) -> None:
    """They are found some seconds after the publish, and stay out all the same; who comes then enters."""
    add_leads(ready, 3)
    _skipping(ready)
    _seconds_later(ready)
    assert places(ready, "id") == []
    clock(ready).advance(MINUTE)
    (new,) = add_leads(ready, 1)
    tick(ready, refresh=True)
    assert places(ready, "lead_id") == [(new,)]


def test_so_it_is_when_the_rule_of_the_segment_comes_with_the_campaign(ready: Context) -> None:
    """Whoever the new rule finds was there."""
    add_leads(ready, 3)
    apply(ready, segments="everyone: {name: E, when: {tag: nobody}}\n")
    _seconds_later(ready)
    _skipping(ready)
    _seconds_later(ready)
    assert places(ready, "id") == []


def test_a_rule_that_is_changed_later_brings_whom_it_finds(ready: Context) -> None:
    """The campaign was open when they joined."""
    ids = add_leads(ready, 3)
    apply(ready, HELLO.replace("existing: enroll", "existing: skip"),
          segments="everyone: {name: E, when: {tag: nobody}}\n")  # fmt: skip
    _seconds_later(ready)
    _skipping(ready)
    _seconds_later(ready)
    assert places(ready, "lead_id") == [(one,) for one in ids]
