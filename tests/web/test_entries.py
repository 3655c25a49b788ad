"""Who comes into a campaign, on its page and among a lead's reasons."""

import html

import pytest

from nurture.kernel.context import Context
from tests.storage.ticking import apply
from tests.web.client import Client
from tests.web.filled import Filled

CAMPAIGN = """
key: doors
name: Doors
entry:
  any:
    - {segment: vips, existing: skip}
    - {tag: gold, existing: enroll}
    - {temperature: hot}
    - {crossed: {fit: 20}}
    - {form: contact}
    - {activity: {clicked: {email: welcome_series_hello}}}
    - {schedule: {segment: vips, days: mon}}
    - {api: true}
  when: {tag: agreed}
steps:
  - {id: one, wait: 1 day}
"""
SENTENCES = (
    "Leads who come into the segment “VIPs”.", "Those who were in it before the first publish stay out.",
    "Leads who get the tag “gold”.", "Those who had it already came in at the first publish.", "Leads who become hot.",
    "Leads whose fit reaches 20 points.", "Leads who send in the form “contact”.", "Leads of whom this becomes true:",
    "Whoever is in the segment “VIPs”, at 09:00: every week, Monday.", "Leads whom another program enrolls.",
    "A lead may come again after leaving.",
)  # fmt: skip


@pytest.fixture
def doors(ctx: Context) -> None:
    """A campaign that is entered in every way but by a date."""
    apply(ctx, CAMPAIGN)


@pytest.mark.usefixtures("doors")
def test_the_page_says_who_comes_in(marketer: Client) -> None:
    """Each entrance in a sentence, and what they share."""
    text = html.unescape(marketer.get("/campaigns/doors", Accept_Language="en").text)
    assert [one for one in SENTENCES if one not in text] == []
    assert "Only if: Has the tag “agreed”." in text


@pytest.mark.usefixtures("doors")
def test_a_lead_sees_how_it_stands_to_each_entrance(sales: Client, house: Filled) -> None:
    """The condition with tick or cross, where it is one of the lead's own."""
    text = html.unescape(sales.get(f"/leads/{house.leads['of_sales']}/why", Accept_Language="en").text)
    card = text.partition(">Doors<")[2].partition("<section")[0]
    assert "Leads who become hot." in card
    assert "Has the tag “gold” (here: handed-off)" in card
    assert "And this must hold:" in card
