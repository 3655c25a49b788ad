"""The effect OpenOpportunity opens the lead's automatic opportunity, or proposes one to its owner."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.alerts import service as alerts
from nurture.alerts import store as alert_store
from nurture.alerts.tables import alerts as alert_table
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities, opportunity_changes
from tests.storage.performing.ground import go, lines, told
from tests.storage.selling import person, publish
from tests.storage.ticking import add_leads, rows

o = opportunities.c


def test_it_opens_with_an_owner_who_is_told(context: Context) -> None:
    """As one that opens by itself: history, timeline, stage of the lead, an alert that waits."""
    publish(context)
    an = person(context)
    (lead,) = add_leads(context, 1, name="Mai")
    go(context, "open_opportunity: {name: Website, value: 5000000, product_line: web}")
    found = rows(context, sa.select(o.name, o.value, o.product_line, o.owner_id, o.automatic, o.accepted_at, o.cause))
    assert found == [("Website", 5_000_000, "web", an.id, True, None, "enrollment:1/step0/1")]
    assert rows(context, sa.select(opportunity_changes.c.after)) == [("open",)]
    assert rows(context, sa.select(leads.c.owner_id, leads.c.lifecycle)) == [(an.id, "opportunity")]
    ((_, _, _, campaign, detail),) = lines(context, Kind.OPPORTUNITY_OPENED)
    assert (campaign, detail["name"]) == ("hello", "Website")
    with context.database.read() as conn:
        (alert,) = alert_store.waiting_of_lead(conn, lead)
    assert (alert.trigger, alert.owner_id, alert.email.value) == ("proposal", an.id, "digest")
    assert alert.opportunity_id is not None


def test_one_that_is_open_stays_the_only_one(context: Context) -> None:
    """The second step leaves a decision."""
    publish(context)
    person(context)
    add_leads(context, 1)
    go(context, "open_opportunity: {}", "open_opportunity: {propose: true}", "open_opportunity: {product_line: web}")
    assert len(rows(context, sa.select(o.id))) == 2
    assert told(context) == [("no", "opportunity_open", {})]


def test_a_proposal_opens_when_it_is_accepted(context: Context) -> None:
    """Until then there is no opportunity, and the lead stays what it is."""
    publish(context)
    an = person(context)
    (lead,) = add_leads(context, 1, owner_id=an.id)
    go(context, "open_opportunity: {propose: true, name: Website, value: 7}", "open_opportunity: {propose: true}")
    assert rows(context, sa.select(o.id)) == []
    assert [reason for _, reason, _ in told(context)] == ["cooldown"]
    assert rows(context, sa.select(leads.c.lifecycle)) == [("lead",)]
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        (alert,) = alert_store.waiting_of_lead(conn, lead)
        accepted = alerts.accept(conn, an, alert.id, now=now, real=real)
    found = rows(context, sa.select(o.id, o.name, o.value, o.owner_id, o.accepted_at))
    assert found == [(accepted.opportunity_id, "Website", 7, an.id, now)]
    assert rows(context, sa.select(leads.c.lifecycle)) == [("opportunity",)]


def test_a_proposal_says_which_campaign_it_comes_from(context: Context) -> None:
    """In both languages."""
    publish(context)
    person(context)
    add_leads(context, 1)
    go(context, "open_opportunity: {propose: true}")
    ((why,),) = rows(context, sa.select(alert_table.c.reasons))[0]
    assert why["name"] == {
        "vi": "Chiến dịch “Hello” đề xuất một cơ hội",
        "en": "The campaign “Hello” proposes an opportunity",
    }


def test_without_a_pipeline_there_is_a_reason(context: Context) -> None:
    """Nothing to open it in."""
    add_leads(context, 1)
    go(context, "open_opportunity: {}")
    assert told(context) == [("no", "no_pipeline", {})]
