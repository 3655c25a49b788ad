"""The effect ChangeScore writes a line of the ledger, and the temperature follows."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities
from nurture.scoring.tables import score_entries
from tests.storage.performing.ground import go, lines
from tests.storage.selling import person, publish
from tests.storage.ticking import add_leads, rows

MORE = "change_score: {axis: engagement, points: 40, reason: {vi: Đã dự, en: Attended}}"


def test_points_are_a_line_and_the_temperature_follows(context: Context) -> None:
    """Sum, band, and a line in the timeline for each."""
    (lead,) = add_leads(context, 1)
    go(context, MORE, "change_score: {axis: fit, points: -5, reason: Too small}")
    e = score_entries.c
    found = rows(context, sa.select(e.axis, e.rule, e.points, e.cause, e.reason).order_by(e.id))
    assert found == [
        ("engagement", "by_campaign", 40, "enrollment:1/step0/1", "Đã dự"),
        ("fit", "by_campaign", -5, "enrollment:1/step1/1", "Too small"),
    ]
    standing = rows(context, sa.select(leads.c.engagement, leads.c.fit, leads.c.temperature))
    assert standing == [(40, -5, "warm")]
    kinds = [(kind, detail["points"]) for _, kind, _, _, detail in lines(context, Kind.SCORED)]
    assert kinds == [("scored", 40), ("scored", -5)]
    ((lead_id, _, _, campaign, detail),) = lines(context, Kind.TEMPERATURE_CHANGED)
    assert (lead_id, campaign, detail["before"], detail["after"]) == (lead, "hello", "cold", "warm")


def test_two_steps_count_twice_and_one_step_once(context: Context) -> None:
    """The cause is enrollment, step and round."""
    add_leads(context, 1)
    go(context, MORE, MORE)
    assert rows(context, sa.select(leads.c.engagement, leads.c.temperature)) == [(80, "hot")]


def test_points_lead_to_what_points_lead_to(context: Context) -> None:
    """Fit and hot by a campaign, the lead becomes an opportunity when the reaction comes."""
    publish(context)
    person(context)
    add_leads(context, 1, phone="+84901000001")
    go(context, MORE, MORE, "change_score: {axis: fit, points: 20, reason: Big}")
    react(context)
    assert len(rows(context, sa.select(opportunities.c.id))) == 1
