"""A clock may jump over a time in which looking finds nobody, and over no other."""

from datetime import timedelta

import pytest

from nurture.activities.model import Kind
from nurture.engine.calm import is_calm
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from tests.storage.ticking import DAY, HELLO, HOUR, SEGMENTS, act, add_leads, apply, clock, publish_emails

LATELY = SEGMENTS + "lately: {name: Lately, when: {clicked: {within: 2 days}}}\n"
MONDAYS = """
key: mondays
name: Mondays
entry: {schedule: {segment: vips, days: mon, at: "09:00"}}
steps:
  - {id: first, send_email: hello}
"""


@pytest.fixture
def ground(context: Context) -> Context:
    """Three leads who are under way, and a tick that has looked at all."""
    publish_emails(context, "hello", "again")
    add_leads(context, 3)
    apply(context, HELLO, segments=LATELY)
    _look(context)
    return context


def _look(context: Context) -> None:
    """Ticks until nothing is found any more."""
    for _ in range(3):
        clock(context).engine_at = context.clock.engine() + timedelta(minutes=1)
        tick(context)


def _calm(context: Context, span: timedelta) -> bool:
    return is_calm(context, context.clock.engine() + span)


def test_nothing_is_calm_before_all_was_looked_at(context: Context) -> None:
    """Whoever is in a segment already has still to come in."""
    publish_emails(context, "hello", "again")
    add_leads(context, 1)
    apply(context, HELLO)
    assert not _calm(context, HOUR)


def test_it_is_calm_where_no_rule_and_no_entry_knows_a_time_to_come(ground: Context) -> None:
    """Also for long, whatever steps come due: those are known by their instant."""
    assert _calm(ground, 30 * DAY)


def test_it_is_calm_up_to_the_instant_at_which_a_lead_leaves_a_segment(ground: Context) -> None:
    """A click counts for two days."""
    lead_id = add_leads(ground, 1)[0]
    act(ground, lead_id, Kind.CLICKED)
    _look(ground)
    tick(ground, refresh=True)
    clicked_ago = timedelta(minutes=3)
    assert _calm(ground, 2 * DAY - clicked_ago - HOUR)
    assert not _calm(ground, 2 * DAY - clicked_ago + HOUR)


def test_it_is_not_calm_over_an_occasion_that_brings_leads_into_a_campaign(ground: Context) -> None:
    """It is a Monday, a little after nine."""
    apply(ground, MONDAYS, segments=LATELY)
    _look(ground)
    assert _calm(ground, 6 * DAY)
    assert not _calm(ground, 7 * DAY)


def test_a_segment_that_changed_is_looked_at_first(ground: Context) -> None:
    """By its new rule nobody was looked at."""
    apply(ground, HELLO, segments=LATELY.replace("2 days", "3 days"))
    assert not _calm(ground, HOUR)
