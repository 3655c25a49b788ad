"""Why a lead is in a segment or campaign or not, and why a message did not go."""

from datetime import timedelta

import pytest

from nurture.engine import known as names
from nurture.engine import whys
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.kernel.errors import NotFoundError
from nurture.leads import store as leads
from tests.storage.ticking import add_leads, apply, clock, hand_over, publish_emails

CAMPAIGN = """
key: hello
name: {vi: Chào, en: Hello}
entry: {segment: everyone, existing: enroll, again: never}
exit_when: {tag: vip}
steps:
  - {id: hello, send_email: hello}
  - {id: breathe, wait: 2 days}
  - {id: again, send_email: again}
"""


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the campaign names."""
    publish_emails(context, "hello", "again")
    return context


def _told(ready: Context, lead: int, **asked: str) -> whys.Told:
    with ready.database.read() as conn:
        one = leads.get(conn, lead)
        assert one is not None
        known = names.load(conn)
        reading = whys.Reading("en", ready.settings.local_zone, known.called("en"), ready.clock.engine())
        facts = known.facts(ready.settings.zone)
        if "segment" in asked:
            return whys.segment(conn, one, asked["segment"], facts, reading)
        if "message" in asked:
            return whys.message(conn, int(asked["message"]), reading)
        return whys.campaign(conn, one, asked["campaign"], known, facts, reading)


def test_a_lead_under_way_is_told_where_it_waits(ready: Context) -> None:
    """How it came in, the step, until when, and what would end it early."""
    (lead,) = add_leads(ready, 1)
    apply(ready, CAMPAIGN)
    tick(ready)
    hand_over(ready)
    clock(ready).advance(timedelta(minutes=1))
    tick(ready)
    told = _told(ready, lead, campaign="hello")
    assert told.holds
    assert "is under way in the campaign “Hello”" in told.head
    assert told.facts["step"] == "breathe"
    assert any(line.endswith("came into its segment") for line in told.lines)
    assert any(line.startswith("Goes on at") for line in told.lines)
    ((title, trace),) = told.trees
    assert (title, trace.holds) == ("Leaves early if", False)


def test_a_lead_outside_is_told_why(ready: Context) -> None:
    """The rule of the entry with what was seen, as of now."""
    (lead,) = add_leads(ready, 1)
    apply(ready, CAMPAIGN.replace("segment: everyone", "segment: vips"))
    tick(ready)
    told = _told(ready, lead, campaign="hello")
    assert not told.holds
    assert "has not been in the campaign" in told.head
    assert told.facts["state"] is None
    assert [trace.holds for _, trace in told.trees] == [False]
    segment = _told(ready, lead, segment="vips")
    assert "is not in the segment" in segment.head
    with pytest.raises(NotFoundError):
        _told(ready, lead, campaign="gone")
    with pytest.raises(NotFoundError):
        _told(ready, lead, segment="gone")


def test_a_member_is_told_since_when(ready: Context) -> None:
    """And a list that lags behind its rule is said to."""
    (lead,) = add_leads(ready, 1)
    apply(ready, CAMPAIGN)
    before = _told(ready, lead, segment="everyone")
    assert (before.holds, before.lines) == (True, ("The list of the segment follows within a minute",))
    tick(ready)
    after = _told(ready, lead, segment="everyone")
    assert after.lines[0].startswith("In it since")
    assert len(after.lines) == 1


def test_a_message_is_told_with_its_state(ready: Context) -> None:
    """For which instant it was planned, and whether it went."""
    (lead,) = add_leads(ready, 1)
    apply(ready, CAMPAIGN)
    tick(ready)
    told = _told(ready, lead, message="1")
    assert told.facts["state"] == "queued"
    assert not told.holds
    hand_over(ready)
    assert _told(ready, lead, message="1").facts["state"] == "sent"
    with pytest.raises(NotFoundError):
        _told(ready, lead, message="99")
