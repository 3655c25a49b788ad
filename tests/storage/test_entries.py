"""Who comes into a campaign by what: a tag, an activity, a score, a day, a schedule; and who does not, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import decisions, reactions
from nurture.campaigns import service as campaign_service
from nurture.campaigns import store
from nurture.campaigns.definition import from_revision
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments import service
from nurture.enrollments.arriving import Found
from nurture.enrollments.entry import Asked
from nurture.enrollments.tables import entry_marks
from nurture.kernel.context import Context
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError
from nurture.kernel.reasons import Reason
from nurture.leads import service as lead_service
from nurture.leads.model import Temperature
from nurture.leads.tables import field_definitions, leads
from nurture.messages.tables import messages
from nurture.scoring.service import set_temperature
from nurture.segments import store as segment_store
from tests.storage import selling
from tests.storage.ticking import DAY, HOUR, add_leads, apply, clock, places, publish_emails, rows

MINUTE = timedelta(minutes=1)
DECIDED = sa.select(decisions.c.lead_id, decisions.c.reason, decisions.c.cause).where(decisions.c.kind == "enroll")


def _campaign(entry: str, key: str = "hello", steps: str = "{id: one, wait: 2 days}") -> str:
    return f"key: {key}\nname: A\nentry: {entry}\nsteps:\n  - {steps}\n"


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with a date field, and the email that the tests name."""
    publish_emails(context, "hello")
    now = context.clock.engine()
    with context.database.write() as conn:
        for place, key in enumerate(("birthday", "webinar")):
            row = {
                "key": key,
                "label": key.title(),
                "type": "date",
                "choices": [],
                "position": place,
                "created_at": now,
            }
            conn.execute(field_definitions.insert().values(row))
    return context


def _open(context: Context, *texts: str) -> None:
    """Publish, and a minute later it is open."""
    apply(context, *texts)
    tick(context, refresh=True)
    clock(context).advance(MINUTE)


def _tag(context: Context, lead: int, label: str = "gold") -> None:
    with context.database.write() as conn:
        now = context.clock.engine()
        lead_service.tag(conn, lead, label, now=now, real=now, actor="user:1", cause="user:1")


def _settle(context: Context) -> None:
    while react(context):
        pass
    tick(context, refresh=True)
    while react(context):
        pass


def _entered(context: Context) -> list[Any]:
    return places(context, "lead_id", "state")


def _decided(context: Context) -> list[tuple[int, str]]:
    return [(row.lead_id, row.reason) for row in rows(context, DECIDED.order_by(decisions.c.id))]


# tags


def test_who_gets_the_tag_comes_in_with_the_activity_as_cause(ready: Context) -> None:
    """Once, however often it is reacted to."""
    lead, _ = add_leads(ready, 2)
    _open(ready, _campaign("{tag: gold}"))
    _tag(ready, lead)
    _tag(ready, lead, "silver")
    _settle(ready)
    assert places(ready, "lead_id", "cause", "state") == [(lead, "activity:1", "active")]
    with ready.database.write() as conn:
        conn.execute(upsert(conn.dialect.name, reactions).values(activity_id=1, lead_id=lead))
    _settle(ready)
    assert len(_entered(ready)) == 1
    assert _decided(ready) == []


@pytest.mark.parametrize(
    ("existing", "state", "reason"),
    [pytest.param("enroll", 1, [], id="enroll"), pytest.param("skip", 0, ["existing_skipped"], id="skip")],
)
@pytest.mark.parametrize("entry", ["tag: gold", "temperature: warm", "crossed: {engagement: 30}"])
def test_those_before_the_first_publish_are_counted_and_taken_as_it_says(
    ready: Context, entry: str, existing: str, state: int, reason: list[str]
) -> None:
    """The reaction to what they did then comes later, and brings nobody."""
    lead, other = add_leads(ready, 2)
    _tag(ready, lead)
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lead).values(temperature="hot", engagement=40))
    changes = apply(ready, _campaign(f"{{{entry}, existing: {existing}}}"))
    assert [one.existing for one in changes if one.kind == "campaign"] == [state or None]
    _settle(ready)
    assert [one for one, _ in _entered(ready)] == [lead] * state
    assert [why for _, why in _decided(ready)] == reason
    assert other not in [one for one, _ in _entered(ready)]


def test_the_condition_of_the_entry_is_asked_and_said(ready: Context) -> None:
    """Who does not meet it has a reason with the condition."""
    one, two = add_leads(ready, 2)
    _open(ready, _campaign("{tag: gold, when: {city: Huế}}".replace("{city: Huế}", "{field: city, is: Huế}")))
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == one).values(city="Huế", city_folded="hue"))
    for lead in (one, two):
        _tag(ready, lead)
    _settle(ready)
    assert _entered(ready) == [(one, "active")]
    assert _decided(ready) == [(two, "not_matched")]
    (detail,) = rows(ready, sa.select(decisions.c.detail).where(decisions.c.kind == "enroll"))[0]
    assert "Huế" in detail["condition"]


def test_a_merged_lead_does_not_come_in(ready: Context) -> None:
    """It is said why."""
    kept, lost = add_leads(ready, 2)
    _open(ready, _campaign("{tag: gold}"))
    _tag(ready, lost)
    with ready.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lost).values(merged_into=kept))
    _settle(ready)
    assert _entered(ready) == []
    assert _decided(ready) == [(lost, "merged")]


def test_a_paused_campaign_takes_in_who_would_not_ask_again(ready: Context) -> None:
    """The tag was added once; the lead waits at the first step."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{tag: gold}"))
    with ready.database.write() as conn:
        campaign_service.pause(conn, "hello", real=ready.clock.real(), actor="cli")
    _tag(ready, lead)
    _settle(ready)
    assert _entered(ready) == [(lead, "active")]


def test_an_entrance_that_is_added_later_begins_then(ready: Context) -> None:
    """Who had the new tag before is one of those before."""
    old, new = add_leads(ready, 2)
    _open(ready, _campaign("{tag: gold}"))
    _tag(ready, old, "silver")
    _settle(ready)
    clock(ready).advance(DAY)
    _open(ready, _campaign("{tag: silver}"))
    _tag(ready, new, "silver")
    _settle(ready)
    assert _entered(ready) == [(new, "active")]
    assert _decided(ready) == [(old, "existing_skipped")]
    assert len(rows(ready, sa.select(entry_marks.c.entrance))) == 1


# activities


def test_an_activity_brings_in_who_did_it(ready: Context) -> None:
    """With as many as are asked for."""
    lead, other = add_leads(ready, 2)
    _open(ready, _campaign("{activity: {clicked: {email: hello, times: 2}}}"))
    for who in (lead, lead, other):
        selling.happen(ready, who, email_key="hello")
        clock(ready).advance(MINUTE)
        _settle(ready)
    assert places(ready, "lead_id", "cause") == [(lead, "activity:2")]
    assert _decided(ready) == []


@pytest.mark.parametrize(
    ("entry", "detail", "kind"),
    [
        pytest.param("{form: contact}", {"form": "contact"}, Kind.FORM_SUBMITTED, id="a form"),
        pytest.param("{activity: {page_visited: {link: /bang-gia}}}", {}, Kind.PAGE_VISITED, id="a page"),
    ],
)
def test_forms_and_page_visits_bring_leads_in_as_soon_as_they_are_recorded(
    ready: Context, entry: str, detail: dict[str, str], kind: Kind
) -> None:
    """Whatever writes them."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign(entry))
    selling.happen(ready, lead, kind, detail=detail, url="https://house.example/bang-gia")
    _settle(ready)
    assert _entered(ready) == [(lead, "active")]


def test_a_machines_click_takes_back_whom_it_brought(ready: Context) -> None:
    """As long as nothing was sent."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{activity: {clicked: {}}, again: after_exit}"))
    click = selling.happen(ready, lead)
    _settle(ready)
    assert _entered(ready) == [(lead, "active")]
    selling.turn_out_machine(ready, click)
    _settle(ready)
    assert places(ready, "state", "reason") == [("exited", "verdict_changed")]


def test_a_click_that_was_withdrawn_before_it_was_reacted_to_brings_nobody(ready: Context) -> None:
    """No enrollment, no decision."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{activity: {clicked: {}}}"))
    selling.turn_out_machine(ready, selling.happen(ready, lead))
    _settle(ready)
    assert _entered(ready) == []
    assert _decided(ready) == []


def test_who_was_mailed_stays_although_it_was_a_machine(ready: Context) -> None:
    """And that is kept in mind."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{activity: {clicked: {}}}", steps="{id: first, send_email: hello}"))
    click = selling.happen(ready, lead)
    _settle(ready)
    with ready.database.write() as conn:
        conn.execute(messages.update().values(state="sent", gone_at=ready.clock.engine()))
    selling.turn_out_machine(ready, click)
    _settle(ready)
    assert places(ready, "state") == [("active",)]
    assert _decided(ready) == [(lead, "verdict_changed")]


# temperature and score


def test_who_becomes_hot_by_clicks_or_by_hand_comes_in(ready: Context) -> None:
    """The cause of the one is the click that did it."""
    rules, _ = selling.publish(ready)
    clicking, by_hand = add_leads(ready, 2)
    _open(ready, _campaign("{temperature: hot}"))
    for _ in range(5):
        selling.happen(ready, clicking, url=selling.PRICES)
    with ready.database.write() as conn:
        now = ready.clock.engine()
        set_temperature(conn, "user:1", by_hand, Temperature.HOT, "Phoned us", rules, now=now, real=now)
    _settle(ready)
    assert {lead for lead, _ in _entered(ready)} == {clicking, by_hand}
    assert _decided(ready) == []
    causes = dict(places(ready, "lead_id", "cause"))
    assert causes[clicking].startswith("activity:")


def test_a_score_that_reaches_the_points_from_below_brings_the_lead_in(ready: Context) -> None:
    """By what the lead did, or by hand; once for each time."""
    rules, _ = selling.publish(ready)
    clicking, by_hand, far = add_leads(ready, 3)
    _open(ready, _campaign("{crossed: {engagement: 30}, again: after_exit}"))
    for page in range(4):
        selling.happen(ready, clicking, url=f"https://house.example/{page}")
        clock(ready).advance(2 * MINUTE)
        _settle(ready)
    selling.happen(ready, far)
    with ready.database.write() as conn:
        now = ready.clock.engine()
        set_temperature(conn, "user:1", by_hand, Temperature.WARM, "Phoned us", rules, now=now, real=now)
    _settle(ready)
    assert {lead for lead, _ in _entered(ready)} == {clicking, by_hand}
    assert len(_entered(ready)) == 2
    assert _decided(ready) == []
    assert dict(places(ready, "lead_id", "cause"))[by_hand].startswith("score:")


def test_points_that_a_machine_gave_take_back_whom_they_brought(ready: Context) -> None:
    """The line of the ledger names the click."""
    selling.publish(ready)
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{crossed: {engagement: 30}}"))
    clicks = [selling.happen(ready, lead, url=selling.PRICES) for _ in range(2)]
    _settle(ready)
    assert places(ready, "cause") == [(f"activity:{clicks[1]}",)]
    selling.turn_out_machine(ready, clicks[1])
    _settle(ready)
    assert places(ready, "reason") == [("verdict_changed",)]


# days


def _born(context: Context, lead: int, day: str, field: str = "birthday", **more: Any) -> None:
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lead).values(fields={field: day}, **more))


BIRTHDAYS = '{date: {field: birthday, yearly: true, at: "09:00"}}'
START = datetime(2026, 11, 2, 2, tzinfo=UTC)  # Monday 09:00 in Hanoi


def _until(context: Context, at: datetime, step: timedelta = 6 * HOUR) -> None:
    """Let time pass with ticks."""
    while context.clock.engine() < at:
        clock(context).advance(min(step, at - context.clock.engine()))
        tick(context, refresh=True)


def test_a_birthday_brings_leads_in_at_nine_where_they_are_each_year(ready: Context) -> None:
    """Once a year, however often is looked."""
    here, there = add_leads(ready, 2)
    _born(ready, here, "1990-11-04")
    _born(ready, there, "1985-11-04", zone="America/New_York")
    _open(ready, _campaign(BIRTHDAYS))
    _until(ready, START + 4 * DAY, 2 * HOUR)
    first = places(ready, "lead_id", "cause", "entered_at")
    assert [one[:2] for one in first] == [(here, "date:birthday:2026-11-04"), (there, "date:birthday:2026-11-04")]
    assert timedelta(0) <= first[0][2] - datetime(2026, 11, 4, 2, tzinfo=UTC) <= 2 * HOUR
    assert timedelta(0) <= first[1][2] - datetime(2026, 11, 4, 14, tzinfo=UTC) <= 2 * HOUR
    clock(ready).advance(360 * DAY)
    _until(ready, START + 369 * DAY, 12 * HOUR)
    causes = [one for (one,) in places(ready, "cause")]
    assert sorted(causes) == ["date:birthday:2026-11-04"] * 2 + ["date:birthday:2027-11-04"] * 2
    assert _decided(ready) == []


def test_a_birthday_changed_later_is_the_same_one(ready: Context) -> None:
    """Who had it on Wednesday does not have it again on Friday; it is said why."""
    (lead,) = add_leads(ready, 1)
    _born(ready, lead, "1990-11-04")
    _open(ready, _campaign(BIRTHDAYS, steps="{id: one, wait: 1 hour}"))
    _until(ready, START + 3 * DAY)
    _born(ready, lead, "1990-11-06")
    _until(ready, START + 6 * DAY)
    assert len(_entered(ready)) == 1
    assert _decided(ready) == [(lead, "same_occasion")]


@pytest.mark.parametrize(
    ("stopped", "entered", "reason"),
    [
        pytest.param(23 * HOUR, 1, [], id="less than a day"),
        pytest.param(26 * HOUR, 0, ["occasion_passed"], id="more than a day"),
        pytest.param(40 * DAY, 0, ["occasion_passed"], id="much more"),
    ],
)
def test_a_day_missed_while_stopped_still_counts_for_a_day(
    ready: Context, stopped: timedelta, entered: int, reason: list[str]
) -> None:
    """Later it is decided with the reason, once."""
    (lead,) = add_leads(ready, 1)
    _born(ready, lead, "2026-11-05", "webinar")
    _open(ready, _campaign('{date: {field: webinar, offset: -1 day, at: "09:00"}}'))
    clock(ready).advance(datetime(2026, 11, 4, 2, tzinfo=UTC) + stopped - ready.clock.engine())
    for _ in range(3):
        tick(ready)
        clock(ready).advance(HOUR)
    assert len(_entered(ready)) == entered
    assert [why for _, why in _decided(ready)] == reason


def test_who_gets_the_date_on_that_day_comes_in_still(ready: Context) -> None:
    """A day that was over before the campaign began is none."""
    late, before = add_leads(ready, 2)
    _born(ready, before, "1990-11-02")
    clock(ready).advance(HOUR)
    _open(ready, _campaign(BIRTHDAYS))
    _until(ready, START + 2 * DAY + 6 * HOUR)
    _born(ready, late, "1990-11-04")
    _until(ready, START + 3 * DAY)
    assert [lead for lead, _ in _entered(ready)] == [late]


# schedules

MONDAYS = '{schedule: {segment: vips, days: mon, at: "09:00"}}'


def test_each_monday_whoever_is_in_the_segment_comes_in(ready: Context) -> None:
    """Also another time, once through; who joins later waits for the next one."""
    first, later = add_leads(ready, 2)
    _tag(ready, first, "vip")
    _open(ready, _campaign(MONDAYS))
    _until(ready, START + 7 * DAY + HOUR, 12 * HOUR)
    _tag(ready, later, "vip")
    _until(ready, START + 14 * DAY + HOUR, 12 * HOUR)
    assert places(ready, "lead_id", "cause") == [
        (first, "schedule:2026-11-09T09:00"),
        (first, "schedule:2026-11-16T09:00"),
        (later, "schedule:2026-11-16T09:00"),
    ]


def test_who_is_under_way_on_a_monday_is_not_taken_in_twice(ready: Context) -> None:
    """With the reason."""
    (lead,) = add_leads(ready, 1)
    _tag(ready, lead, "vip")
    _open(ready, _campaign(MONDAYS, steps="{id: one, wait: 9 days}"))
    _until(ready, START + 15 * DAY, 12 * HOUR)
    assert len(_entered(ready)) == 1
    assert _decided(ready) == [(lead, "already_enrolled")]


def test_a_monday_missed_by_more_than_a_day_is_decided_for_all_at_once(ready: Context) -> None:
    """One line for the occasion, none for each lead."""
    for lead in add_leads(ready, 3):
        _tag(ready, lead, "vip")
    _open(ready, _campaign(MONDAYS))
    clock(ready).advance(9 * DAY)
    for _ in range(2):
        tick(ready)
    assert _entered(ready) == []
    found = rows(ready, sa.select(decisions.c.lead_id, decisions.c.reason, decisions.c.cause))
    assert found == [(None, "occasion_passed", "schedule:2026-11-09T09:00")]


def test_more_than_a_chunk_comes_in_at_one_occasion(ready: Context) -> None:
    """Chunk after chunk in one tick, each lead once."""
    ids = add_leads(ready, 1100, agreed=False)
    with ready.database.write() as conn:
        conn.execute(leads.update().values(fields={"birthday": "1990-11-09"}))
        conn.execute(sa.text("INSERT INTO tags (key, label) VALUES ('vip', 'vip')"))
        now = ready.clock.engine()
        conn.execute(
            sa.text("INSERT INTO lead_tags (lead_id, tag, at) SELECT id, 'vip', :now FROM leads").bindparams(
                sa.bindparam("now", now, type_=leads.c.created_at.type)
            )
        )
    _open(ready, _campaign(MONDAYS), _campaign(BIRTHDAYS, key="birthdays"))
    clock(ready).advance(7 * DAY)
    tick(ready)
    assert len(places(ready, "id")) == 2 * len(ids)
    assert _decided(ready) == []


# called


def test_another_program_enrolls_where_the_campaign_is_open_to_it(ready: Context) -> None:
    """With the condition asked; elsewhere it is refused."""
    one, two = add_leads(ready, 2)
    _open(ready, _campaign("{api: true, when: {tag: gold}}"), _campaign("{by_hand: true}", key="closed"))
    _tag(ready, one)
    now = ready.clock.engine()
    with ready.database.write() as conn:
        reading = service.Reading(segment_store.facts(conn))
        entered = service.call(conn, "hello", [one, two], reading, cause="api:1", now=now, real=now, actor="api:1")
        assert [(each.lead_id, each.reason) for each in entered] == [(one, None), (two, Reason.NOT_MATCHED)]
        with pytest.raises(ConflictError):
            service.call(conn, "closed", [one], reading, cause="api:1", now=now, real=now, actor="api:1")


def test_a_campaign_changed_between_look_and_decision_is_looked_at_again(ready: Context) -> None:
    """Nobody enters a revision by the entry of another."""
    (lead,) = add_leads(ready, 1)
    _open(ready, _campaign("{segment: everyone, existing: skip}"))
    now = ready.clock.engine()
    with ready.database.write() as conn:
        looked = store.get(conn, "hello")
        facts = segment_store.facts(conn)
        assert looked is not None
    apply(ready, _campaign("{segment: vips, existing: skip}"))
    with ready.database.write() as conn:
        found = Found((Asked(lead, "membership:1"),))
        campaign = from_revision(looked.definition, facts)
        assert service.take_in(conn, looked, campaign, found, service.Reading(facts), now=now, real=now) is None
    assert _entered(ready) == []
