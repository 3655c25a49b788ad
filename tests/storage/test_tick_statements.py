"""Advancing is set-based: as many statements for ten thousand enrollments as for ten chunks of a thousand."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.campaigns.tables import campaigns
from nurture.engine.tick import CHUNK, tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.kernel.database import insert_rows
from nurture.leads.tables import lead_tags, tags
from tests.storage.performing.ground import counted
from tests.storage.ticking import add_leads, apply, clock, publish_emails

START = "key: many\nname: Many\nentry: {by_hand: true}\nexit_when: {temperature: hot}\nsteps:\n"
LOOK = (
    START
    + """
  - {id: start, wait: 1 day}
  - id: look
    branch:
      when: {any: [{clicked: {email: hello}}, {tag: vip}]}
      then: [{id: short, wait: 1 day}]
      else: [{id: long, wait: 2 days}]
  - {id: last, wait: 2 days}
"""
)
TAG = START + "  - {id: start, wait: 1 day}\n  - {id: tag, add_tag: engaged}\n  - {id: last, wait: 2 days}\n"
MAIL = START + "  - {id: start, wait: 1 day}\n  - {id: mail, send_email: hello}\n  - {id: last, wait: 2 days}\n"
SCORE = TAG.replace("add_tag: engaged", "change_score: {axis: engagement, points: 40, reason: Attended}")
FIELD = TAG.replace("add_tag: engaged", "change_field: {field: city, to: Huế}")
MOST = 45  # statements of a chunk, and of a tick besides
MOST_TO_ENTER, BESIDES = 60, 40  # of a thousand that come in and are looked at, and of a tick besides


def _under_way(context: Context, text: str, count: int) -> None:
    """So many leads whose first wait ends now."""
    publish_emails(context, "hello")
    ids = add_leads(context, count)
    apply(context, text)
    now = context.clock.engine()
    names = ("campaign_id", "revision_id", "lead_id", "state", "cause", "step", "due_at", "planned_at", "arrived_at")
    with context.database.write() as conn:
        one = conn.execute(sa.select(campaigns.c.id, campaigns.c.revision_id)).one()
        ends = now + timedelta(days=1)
        row = ("active", "test", "start", ends, ends, now, now)
        rows = [(one.id, one.revision_id, lead_id, *row) for lead_id in ids]
        insert_rows(conn, enrollments, (*names, "entered_at"), rows)
    tick(context, refresh=False)
    clock(context).advance(timedelta(days=1))


def _statements(context: Context, text: str, count: int) -> int:
    _under_way(context, text, count)
    with counted(context) as seen:
        report = tick(context, refresh=False)
    assert report.advanced == count
    assert report.failed == 0
    return sum(seen.values())


ENTRIES = {
    "segment": "{segment: everyone, existing: enroll}",
    "tag": "{tag: vip, existing: enroll}",
    "segment or tag, with a condition": "{any: [{segment: everyone, existing: enroll}, {tag: vip, existing: enroll}], "
    "when: {none: [{tag: nobody}]}}",
}


def _entered(context: Context, entry: str, count: int) -> int:
    """The statements of the tick at which so many leads come in, and stand at a wait then."""
    ids = add_leads(context, count)
    now = context.clock.engine()
    with context.database.write() as conn:
        insert_rows(conn, tags, ("key", "label"), [("vip", "vip")])
        insert_rows(conn, lead_tags, ("lead_id", "tag", "at"), [(one, "vip", now) for one in ids])
    apply(context, TAG.replace("{by_hand: true}", entry))
    with counted(context) as seen:
        report = tick(context, refresh=True)
    assert report.looked_at >= count  # once at each entrance
    assert report.advanced == count
    return sum(seen.values())


@pytest.mark.parametrize("entry", list(ENTRIES))
def test_a_thousand_entries_take_a_fixed_number_of_statements(context: Context, entry: str) -> None:
    """The same for each thousand, the segments that bring them and the first step included."""
    assert _entered(context, ENTRIES[entry], 1_000) <= BESIDES + MOST_TO_ENTER


@pytest.mark.parametrize("entry", ["segment"])
def test_ten_thousand_entries_take_as_many_as_ten_thousands(context: Context, entry: str) -> None:
    """Nothing is asked for each lead."""
    assert _entered(context, ENTRIES[entry], 10_000) <= BESIDES + MOST_TO_ENTER * 10


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(LOOK, 1_000, id="wait and branch, 1,000"),
        pytest.param(LOOK, 10_000, id="wait and branch, 10,000"),
        pytest.param(TAG, 1_000, id="add_tag, 1,000"),
        pytest.param(TAG, 10_000, id="add_tag, 10,000"),
        pytest.param(MAIL, 1_000, id="send_email, 1,000"),
        pytest.param(MAIL, 10_000, id="send_email, 10,000"),
        pytest.param(SCORE, 1_000, id="change_score, 1,000"),
        pytest.param(FIELD, 1_000, id="change_field, 1,000"),
    ],
)
def test_a_thousand_enrollments_take_a_fixed_number_of_statements(context: Context, text: str, count: int) -> None:
    """The same for each thousand, however many there are; what a tick asks besides is asked once."""
    assert _statements(context, text, count) <= MOST * (count // CHUNK)
