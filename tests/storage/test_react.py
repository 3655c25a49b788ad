"""From an activity to an alert, once; and back again when it was a machine."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions, reactions
from nurture.alerts.tables import alerts
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.leads import service as lead_service
from nurture.leads.model import Temperature
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.opportunities import service as deals
from nurture.opportunities.model import OpportunityState
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.scoring.service import set_temperature
from nurture.scoring.tables import score_entries
from nurture.segments import service as segments
from nurture.segments.load import load as load_segments
from nurture.segments.store import built_in
from nurture.segments.tables import memberships
from nurture.users.model import Role
from tests.storage import selling
from tests.storage.selling import PRICES

PHONE = "+84901234567"


def _count(context: Context, table: sa.Table, *where: Any) -> int:
    with context.database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def _rows(context: Context, table: sa.Table, *where: Any) -> list[Any]:
    with context.database.read() as conn:
        return list(conn.execute(sa.select(table).where(*where).order_by(table.c.id)))


def _come_in(context: Context, name: str = "Mai", **more: Any) -> int:
    """A lead who fits, as an import brings one."""
    lead = selling.lead(context, name, **{"phone": PHONE, "city": "Hà Nội", "city_folded": "ha noi", **more})
    selling.happen(context, lead, Kind.CREATED, actor="engine")
    return lead


def _look_at_prices(context: Context, lead: int, times: int = 3) -> list[int]:
    return [selling.happen(context, lead, url=PRICES, message_id=None) for _ in range(times)]


def test_clicks_lead_to_score_temperature_opportunity_owner_and_alert(context: Context) -> None:
    """The whole way, in one call."""
    selling.publish(context)
    owner = selling.person(context)
    lead = _come_in(context)
    clicks = _look_at_prices(context, lead)
    while react(context):
        pass
    row = selling.row(context, lead)
    assert (row.engagement, row.fit, row.temperature, row.lifecycle) == (75, 15, "hot", "opportunity")
    assert row.owner_id == owner.id
    (one,) = _rows(context, opportunities)
    assert (one.owner_id, one.state, one.stage, one.automatic) == (owner.id, "open", "new", True)
    assert one.cause == f"activity:{clicks[-1]}"
    assert {criterion["key"]: criterion["holds"] for criterion in one.criteria} == {
        "temperature": True, "fit": True, "customer": True, "rule": True, "open": True,
    }  # fmt: skip
    (alert,) = _rows(context, alerts)
    assert (alert.owner_id, alert.opportunity_id, alert.email) == (owner.id, one.id, "now")
    assert alert.reasons[0]["params"] == {"url": PRICES, "count": 3}
    (message,) = _rows(context, messages)
    assert (message.user_id, message.unique_key, message.class_) == (owner.id, f"alert:{alert.id}", "transactional")
    assert _count(context, reactions) == 0


def test_a_second_reaction_to_the_same_activities_does_nothing(context: Context) -> None:
    """A crash before the reaction is deleted doubles no effect."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    tables = (score_entries, opportunities, opportunity_changes, alerts, messages, activities)
    before = [_count(context, table) for table in tables]
    with context.database.write() as conn:
        every = sa.select(activities.c.id, activities.c.lead_id)
        conn.execute(reactions.insert().from_select(["activity_id", "lead_id"], every))
    while react(context):
        pass
    assert [_count(context, table) for table in tables] == before


def test_a_student_who_clicks_everything_is_hot_and_no_opportunity(context: Context) -> None:
    """The no fell due when the lead became hot; it is kept once, with its reason."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context, fields={"occupation": "Student"})
    _look_at_prices(context, lead)
    while react(context):
        pass
    selling.happen(context, lead, url="https://shop.example/blog")
    while react(context):
        pass
    row = selling.row(context, lead)
    assert (row.temperature, row.fit, row.lifecycle) == ("hot", -10, "lead")
    assert _count(context, opportunities) == _count(context, alerts) == 0
    (no,) = _rows(context, decisions, decisions.c.kind == "qualify")
    assert (no.reason, no.detail["fit"], no.detail["threshold"]) == ("not_fit", -10, 15)


def test_a_customer_gets_no_opportunity_by_itself(context: Context) -> None:
    """Hot and fit, and a customer already."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context, lifecycle="customer")
    _look_at_prices(context, lead)
    while react(context):
        pass
    (no,) = _rows(context, decisions, decisions.c.kind == "qualify")
    assert no.reason == "already_customer"
    assert selling.row(context, lead).lifecycle == "customer"
    assert _count(context, opportunities) == 0


def test_the_extra_rule_of_the_pipeline_is_asked(context: Context) -> None:
    """A tag that says so keeps the opportunity from opening; when it goes, one opens."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    stamps = {"now": context.clock.engine(), "real": context.clock.real(), "actor": "user:1", "cause": "user:1"}
    with context.database.write() as conn:
        lead_service.tag(conn, lead, "do-not-nurture", **stamps)
    _look_at_prices(context, lead)
    while react(context):
        pass
    (no,) = _rows(context, decisions, decisions.c.kind == "qualify")
    assert no.reason == "criteria_not_met"
    assert no.detail["condition"]
    assert selling.row(context, lead).lifecycle == "mql"
    with context.database.write() as conn:
        lead_service.untag(conn, lead, "do-not-nurture", **stamps)
    while react(context):
        pass
    assert _count(context, opportunities) == 1


def test_what_a_machine_led_to_is_withdrawn(context: Context) -> None:
    """Points, temperature, opportunity, owner, lifecycle and alert, with the reason; its email if it has not gone."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    clicks = _look_at_prices(context, lead)
    while react(context):
        pass
    for one in clicks:
        selling.turn_out_machine(context, one)
    while react(context):
        pass
    row = selling.row(context, lead)
    assert (row.engagement, row.temperature, row.lifecycle, row.owner_id) == (0, "cold", "lead", None)
    (deal,) = _rows(context, opportunities)
    assert (deal.state, deal.reason) == ("withdrawn", "verdict_changed")
    (alert,) = _rows(context, alerts)
    assert (alert.state, alert.ended_by) == ("withdrawn", "engine")
    (message,) = _rows(context, messages)
    assert (message.state, message.reason) == (MessageState.CANCELED.value, "verdict_changed")


def test_a_machines_click_before_the_one_that_tipped_it_counts_too(context: Context) -> None:
    """Without the scanner's click the person's clicks would not have been enough."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    first, *_ = _look_at_prices(context, lead)
    while react(context):
        pass
    selling.turn_out_machine(context, first)
    while react(context):
        pass
    assert selling.row(context, lead).temperature == "warm"
    assert [row.state for row in _rows(context, opportunities)] == ["withdrawn"]


def test_an_opportunity_that_stands_without_the_machine_stays(context: Context) -> None:
    """The person's own clicks are enough; the alert's reasons are said anew."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    machine = selling.happen(context, lead, Kind.REPLIED)
    while react(context):
        pass
    selling.turn_out_machine(context, machine)
    while react(context):
        pass
    assert [row.state for row in _rows(context, opportunities)] == ["open"]
    (alert,) = _rows(context, alerts, alerts.c.trigger == "hot_lead")
    assert alert.state == "open"
    assert [reason["code"] for reason in alert.reasons] == ["clicked_pricing"]


def test_an_opportunity_somebody_works_on_is_not_withdrawn(context: Context) -> None:
    """The points go, the work stays, and a decision says so."""
    selling.publish(context)
    owner = selling.person(context)
    lead = _come_in(context)
    clicks = _look_at_prices(context, lead)
    while react(context):
        pass
    (deal,) = _rows(context, opportunities)
    with context.database.write() as conn:
        deals.accept(conn, owner, deal.id, deal.version, now=context.clock.engine(), real=context.clock.real())
    for one in clicks:
        selling.turn_out_machine(context, one)
    while react(context):
        pass
    (after,) = _rows(context, opportunities)
    assert after.state == OpportunityState.OPEN.value
    assert selling.row(context, lead).temperature == "cold"
    kept = _rows(context, decisions, decisions.c.outcome == "kept")
    assert {row.reason for row in kept} == {"verdict_changed"}


def test_a_click_withdrawn_before_anybody_looked_does_nothing(context: Context) -> None:
    """Its verdict came in time."""
    selling.publish(context)
    lead = _come_in(context)
    for one in _look_at_prices(context, lead):
        selling.turn_out_machine(context, one)
    while react(context):
        pass
    assert selling.row(context, lead).engagement == 0
    assert _count(context, opportunities) == 0


def test_a_temperature_set_by_hand_opens_the_opportunity(context: Context) -> None:
    """A person said hot; fit and the other criteria are asked all the same."""
    rules, _ = selling.publish(context)
    owner = selling.person(context)
    lead = _come_in(context)
    while react(context):
        pass
    now = context.clock.engine()
    with context.database.write() as conn:
        set_temperature(conn, owner.actor, lead, Temperature.HOT, "Met at the fair", rules, now=now, real=now)
    while react(context):
        pass
    assert _count(context, opportunities) == 1
    (alert,) = _rows(context, alerts)
    assert alert.reasons[0]["params"]["reason"] == "Met at the fair"


def test_a_lead_without_a_salesperson_alerts_those_who_can_help(context: Context) -> None:
    """The opportunity opens without an owner; admins and marketers hear of it, viewers do not."""
    selling.publish(context)
    admin = selling.person(context, Role.ADMIN, "Boss")
    selling.person(context, Role.VIEWER, "Guest")
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    (deal,) = _rows(context, opportunities)
    (alert,) = _rows(context, alerts)
    assert deal.owner_id is None
    assert (alert.trigger, alert.owner_id) == ("no_salesperson", None)
    assert [row.user_id for row in _rows(context, messages)] == [admin.id]


def test_a_lead_that_cools_and_becomes_hot_again_alerts_anew(context: Context) -> None:
    """Its opportunity is still open; the cooldown has passed."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    selling.happen(context, lead, Kind.CALLED, detail={"outcome": "no_need"}, actor="user:1")
    while react(context):
        pass
    assert selling.row(context, lead).temperature == "warm"
    context.clock.advance(timedelta(hours=25))
    _look_at_prices(context, lead, 2)
    while react(context):
        pass
    assert [row.trigger for row in _rows(context, alerts)] == ["hot_lead", "hot_lead"]
    assert _count(context, opportunities) == 1


def test_within_the_cooldown_the_alert_leaves_a_reason(context: Context) -> None:
    """At most once for each lead and cooldown."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    selling.happen(context, lead, Kind.CALLED, detail={"outcome": "no_need"}, actor="user:1")
    while react(context):
        pass
    selling.happen(context, lead, Kind.REPLIED)
    while react(context):
        pass
    assert len(_rows(context, alerts, alerts.c.trigger == "hot_lead")) == 1
    (no,) = _rows(context, decisions, decisions.c.kind == "alert")
    assert (no.reason, no.detail["owner"]) == ("cooldown", "An")


def test_after_a_lost_one_no_other_opens_for_a_while(context: Context) -> None:
    """The next click does not undo what a salesperson decided; after the pipeline's span it may."""
    selling.publish(context)
    owner = selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    (deal,) = _rows(context, opportunities)
    with context.database.write() as conn:
        deals.lose(conn, owner, deal.id, "price", 1, now=context.clock.engine(), real=context.clock.real())
    _look_at_prices(context, lead, 1)
    while react(context):
        pass
    assert _count(context, opportunities) == 1
    assert selling.row(context, lead).lifecycle == "mql"
    context.clock.advance(timedelta(days=31))
    _look_at_prices(context, lead, 1)
    while react(context):
        pass
    assert [row.state for row in _rows(context, opportunities)] == ["lost", "open"]


def test_segments_follow_what_moved(context: Context) -> None:
    """A lead joins the hot ones with the click that made it hot."""
    selling.publish(context)
    selling.person(context)
    text = "hot_ones: {name: {vi: Nóng, en: Hot}, when: {temperature: hot}}\n"
    now = context.clock.engine()
    with context.database.write() as conn:
        segments.apply(conn, load_segments(text, built_in()), now=now, real=now, actor="cli")
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    (membership,) = _rows(context, memberships)
    assert membership.lead_id == lead


def test_what_comes_after_is_called_with_the_effects_written(context: Context) -> None:
    """So that an enrollment can end when its lead has become hot."""
    selling.publish(context)
    selling.person(context)
    lead = _come_in(context)
    _look_at_prices(context, lead, 2)
    while react(context):
        pass
    _look_at_prices(context, lead, 1)
    seen = []

    def look(conn: Any, lead_ids: list[int], *, now: Any, real: Any) -> None:
        seen.append((lead_ids, conn.execute(sa.select(leads.c.temperature)).scalar_one(), now == real))

    react(context, after=[look])
    assert seen[0] == ([lead], "hot", True)


def test_a_failing_reaction_is_put_off_and_blocks_only_its_own_lead(context: Context) -> None:
    """The others go on; it is tried again later, in its order."""
    selling.publish(context)
    bad, good = _come_in(context, "Bad"), _come_in(context, "Good")
    _look_at_prices(context, bad, 1)
    _look_at_prices(context, good, 1)
    broken = {bad}

    def fail(conn: Any, lead_ids: list[int], *, now: Any, real: Any) -> None:
        if broken & set(lead_ids):
            raise ValueError("a bad row")

    for _ in range(5):
        react(context, after=[fail])
    waiting = _rows(context, reactions)
    assert [row.lead_id for row in waiting] == [bad, bad]
    assert (waiting[0].attempts, waiting[0].error, waiting[1].attempts) == (1, "ValueError: a bad row", 0)
    assert selling.row(context, good).engagement == 25
    broken.clear()
    context.clock.advance(timedelta(minutes=1))
    while react(context, after=[fail]):
        pass
    assert selling.row(context, bad).engagement == 25


def test_reactions_of_a_lead_are_taken_in_order(context: Context) -> None:
    """The temperature of the timeline runs cold, warm, hot."""
    selling.publish(context)
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    changes = _rows(context, activities, activities.c.kind == Kind.TEMPERATURE_CHANGED.value)
    assert [(row.detail["before"], row.detail["after"]) for row in changes] == [("cold", "warm"), ("warm", "hot")]


def test_a_merged_lead_is_left_alone(context: Context) -> None:
    """What still waited for it has no effect."""
    selling.publish(context)
    lead, other = _come_in(context), selling.lead(context, "Other")
    _look_at_prices(context, lead)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lead).values(merged_into=other, email=None, phone=None))
    while react(context):
        pass
    assert _count(context, score_entries) == 0
    assert _count(context, reactions) == 0


def test_without_published_rules_reactions_are_simply_done(context: Context) -> None:
    """Nothing waits for ever."""
    lead = _come_in(context)
    _look_at_prices(context, lead)
    while react(context):
        pass
    assert _count(context, reactions) == 0


def test_a_fresh_click_does_not_wait_behind_an_import(context: Context) -> None:
    """Half of each batch is the newest."""
    selling.publish(context)
    for number in range(120):
        _come_in(context, f"L{number}")
    lead = selling.lead(context, "Fresh")
    selling.happen(context, lead, url=PRICES)
    react(context, limit=10)
    assert selling.row(context, lead).engagement == 25


@pytest.mark.timeout(60)
def test_two_workers_share_the_work_without_doubles(context: Context) -> None:
    """Each reaction is taken once, whoever takes it."""
    selling.publish(context)
    selling.person(context)
    people = [_come_in(context, f"L{number}") for number in range(12)]
    for lead in people:
        _look_at_prices(context, lead)

    def work() -> None:
        until = time.monotonic() + 30
        while _count(context, reactions) and time.monotonic() < until:
            react(context)

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(work) for _ in range(2)]:
            done.result()
    assert [selling.row(context, lead).engagement for lead in people] == [75] * 12
    assert _count(context, opportunities) == _count(context, alerts) == 12
