"""Merging a lead into another: everything goes along, nothing counts twice, every no stays."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions
from nurture.alerts.tables import alerts
from nurture.consents import store as consent_store
from nurture.consents.model import Channel, Method, Purpose, SuppressionReason
from nurture.consents.service import Said, give, suppress, unsubscribe, withdraw
from nurture.consents.tables import askings, data_requests
from nurture.delivery.go import go
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import settle
from nurture.delivery.store import reserve
from nurture.engine.merging import Merging, look, merge
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments.service import enroll
from nurture.enrollments.tables import enrollments
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError, NotFoundError
from nurture.leads import service as lead_service
from nurture.leads import store as lead_store
from nurture.leads.contacts import ids_with_contact
from nurture.leads.model import Filters, NewLead
from nurture.leads.tables import lead_conflicts, lead_tags, leads
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from nurture.outbound.tables import outbox
from nurture.schema import metadata
from nurture.scoring.tables import score_entries
from nurture.segments.tables import memberships, segments
from nurture.tasks.tables import tasks
from nurture.tracking.service import ingest
from nurture.tracking.store import addressee
from nurture.users.model import Role
from nurture.users.tables import audit
from tests.journeys.playing import leave
from tests.storage import selling
from tests.storage.ticking import (
    DAY,
    HELLO,
    HOUR,
    add_leads,
    apply,
    clock,
    hand_over,
    mails,
    places,
    publish_emails,
    rows,
)
from tests.storage.tracking_ground import CHROME, add_hit

FACTS = "hình & <b>tên</b> {{ 7*7 }}"


def _merge(context: Context, loser: int, winner: int, *take: str) -> Merging:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return merge(conn, context.keys, loser, winner, take, now=now, real=real, actor="cli")


def _lead(context: Context, lead_id: int) -> Any:
    (row,) = rows(context, sa.select(leads).where(leads.c.id == lead_id))
    return row


def _said(context: Context, method: Method = Method.FORM) -> Said:
    return Said(method, "test", "lead", "test", context.clock.engine(), context.clock.real(), "yes, to your news")


def _left(context: Context, lead_id: int) -> dict[str, int]:
    """How many rows of each table are this lead's."""
    found = {}
    for table in metadata.sorted_tables:
        if "lead_id" in table.c:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.lead_id == lead_id)
            ((found[table.name],),) = rows(context, query)
    return {name: count for name, count in found.items() if count}


def _past(context: Context, lead: int, word: str) -> None:
    """A row of every table that names leads."""
    now = context.clock.engine()
    with context.database.write() as conn:
        lead_service.tag(conn, lead, f"tag {word}", now=now, real=now, actor="cli", cause="cli")
        other = {"lead_id": lead, "field": "phone", "value": f"+84{word}", "origin": "import:x", "at": now}
        conn.execute(lead_conflicts.insert().values(other))
        conn.execute(lead_conflicts.insert().values({**other, "value": "+84901234567"}))
        conn.execute(
            decisions.insert().values(
                lead_id=lead, kind="enroll", subject="x", outcome="no", reason="x", detail={}, cause="x", at=now
            )
        )
        group = segments.insert().values(
            key=f"group{word}", name={}, rule={"by_hand": True}, hash="", created_at=now, updated_at=now
        )
        inside = conn.execute(group.returning(segments.c.id)).scalar_one()
        conn.execute(memberships.insert().values(segment_id=inside, lead_id=lead, joined_at=now))
        deal = {
            "public_id": f"deal{word}", "lead_id": lead, "pipeline": "sales", "name": FACTS, "stage": "new",
            "state": "open", "automatic": True, "criteria": [], "cause": "x", "opened_at": now, "stage_since": now,
        }  # fmt: skip
        conn.execute(opportunities.insert().values(deal))
        conn.execute(
            alerts.insert().values(
                key=word, trigger="hot_lead", lead_id=lead, state="open", reasons=[], raised_at=now, email="none"
            )
        )
        conn.execute(
            tasks.insert().values(
                lead_id=lead, kind="call", title={}, note={}, due_at=now, for_owner=True, state="open", words={},
                waits=False, created_at=now, created_by="cli",
            )
        )  # fmt: skip
        back = {"source": "mail", "key": word, "what": "replied", "lead_id": lead}
        conn.execute(returns.insert().values(**back, at=now, recorded_at=now, engine_at=now))
        call = {
            "public_id": f"call{word}", "kind": "sms", "cause": word, "lead_id": lead, "step": "x", "occurrence": 1,
            "target": "+84", "body": "x", "policy": {}, "webhook_id": word, "state": "queued", "planned_at": now,
            "not_before": now, "created_at": now,
        }  # fmt: skip
        conn.execute(outbox.insert().values(call))
        hook = {"public_id": f"hook{word}", "kind": "webhook", "cause": f"hook{word}", "webhook_id": f"hook{word}"}
        conn.execute(outbox.insert().values({**call, **hook}))
        asked = {"public_id": f"asked{word}", "lead_id": lead, "kind": "export", "via": "phone", "asked_at": now}
        conn.execute(data_requests.insert().values(**asked, state="open", origin="cli"))
        yes = {"lead_id": lead, "address_hash": word, "language": "vi", "words": {}, "asked_at": now, "asked_by": "cli"}
        conn.execute(askings.insert().values(yes))


def test_everything_goes_along(context: Context) -> None:
    """No table that names leads has a row of the loser's left; nothing is lost, and what is the same is one."""
    publish_emails(context, "hello", "again")
    winner, loser = add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    _past(context, loser, "loser")
    _past(context, winner, "winner")
    before = {name: count + _left(context, winner).get(name, 0) for name, count in _left(context, loser).items()}
    assert before.keys() >= {table.name for table in metadata.sorted_tables if "lead_id" in table.c} - {"score_entries"}
    _merge(context, loser, winner)
    assert _left(context, loser) == {}
    after = _left(context, winner)
    assert after.pop("lead_conflicts") == before.pop("lead_conflicts") - 1
    told = {"activities": 2, "reactions": 2}  # the loser left its campaign; the merge itself
    assert after == {name: count + told.get(name, 0) for name, count in before.items()}


def test_what_waits_to_go_to_the_loser_is_taken_back(context: Context) -> None:
    """Its mail and its text messages, with the reason; what a webhook tells has happened, and goes."""
    publish_emails(context, "hello", "again")
    winner, loser = add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    _past(context, loser, "loser")
    found = _merge(context, loser, winner)
    assert (found.open.mails, found.open.texts, found.open.deals, found.open.tasks) == (1, 1, 1, 1)
    assert mails(context, "lead_id", "state", "reason") == [(winner, "queued", ""), (winner, "canceled", "merged")]
    calls = sa.select(outbox.c.kind, outbox.c.state, outbox.c.reason).order_by(outbox.c.id)
    assert rows(context, calls) == [("sms", "canceled", "merged"), ("webhook", "queued", "")]


def test_of_two_automatic_opportunities_in_one_pipeline_the_losers_becomes_a_persons(context: Context) -> None:
    """Both stay open; only one of a lead may be automatic."""
    winner, loser = add_leads(context, 2)
    _past(context, winner, "winner")
    _past(context, loser, "loser")
    _merge(context, loser, winner)
    found = sa.select(opportunities.c.public_id, opportunities.c.lead_id, opportunities.c.automatic)
    assert sorted(rows(context, found)) == [("dealloser", winner, False), ("dealwinner", winner, True)]


def test_nobody_is_in_a_segment_twice(context: Context) -> None:
    """The loser's stay ends with the merge, and is kept."""
    publish_emails(context, "hello", "again")
    winner, loser = add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    now = context.clock.engine()
    _merge(context, loser, winner)
    stays = sa.select(memberships.c.lead_id, memberships.c.left_at, memberships.c.left_cause)
    assert rows(context, stays.order_by(memberships.c.id)) == [
        (winner, None, None),
        (winner, now, f"merge:lead{loser}"),
    ]


# enrollments


def test_an_enrollment_that_only_the_loser_has_goes_on_with_the_winner(context: Context) -> None:
    """From where it stands: the next email goes to the winner, at its time, once."""
    publish_emails(context, "hello", "again")
    (loser,) = add_leads(context, 1)
    apply(context, HELLO.replace("existing: enroll", "existing: skip").replace("everyone", "vips"))
    winner = add_leads(context, 1)[0]
    _enroll(context, loser)
    hand_over(context)
    tick(context)
    assert places(context, "lead_id", "step") == [(loser, "breathe")]
    found = _merge(context, loser, winner)
    assert [(one.campaign, one.goes_on) for one in found.ways] == [("hello", True)]
    clock(context).advance(2 * DAY)
    tick(context)
    hand_over(context)
    assert mails(context, "lead_id", "step", "state") == [(winner, "first", "sent"), (winner, "second", "sent")]


def _enroll(context: Context, lead: int) -> None:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        (entered,) = enroll(conn, "hello", [lead], cause="cli", now=now, real=real)
    assert entered.enrollment_id is not None
    tick(context)


def test_an_enrollment_whose_mail_is_taken_back_goes_on_without_it(context: Context) -> None:
    """It waits for nothing that will not come."""
    publish_emails(context, "hello", "again")
    loser, winner = add_leads(context, 2)
    apply(context, HELLO.replace("everyone", "vips"))
    _enroll(context, loser)
    _merge(context, loser, winner)
    assert places(context, "lead_id", "state", "waits_for") == [(winner, "active", None)]
    tick(context)
    clock(context).advance(2 * DAY)
    tick(context)
    assert mails(context, "step", "state") == [("first", "canceled"), ("second", "queued")]


def test_nobody_walks_through_a_campaign_twice_for_having_been_two(context: Context) -> None:
    """Where the winner was in it before and may not come again, the loser's enrollment ends."""
    publish_emails(context, "hello", "again")
    winner, loser = add_leads(context, 2)
    apply(context, HELLO.replace("everyone", "vips").replace("wait: 2 days", "wait: 1 day"))
    _enroll(context, winner)
    for _ in range(3):
        hand_over(context)
        clock(context).advance(DAY)
        tick(context)
    hand_over(context)
    tick(context)
    assert places(context, "state") == [("completed",)]
    _enroll(context, loser)
    found = _merge(context, loser, winner)
    assert [one.goes_on for one in found.ways] == [False]
    assert places(context, "lead_id", "state", "reason") == [
        (winner, "completed", "done"),
        (winner, "exited", "merged"),
    ]


def test_what_a_tick_is_just_deciding_for_the_loser_is_void(context: Context) -> None:
    """An enrollment that goes on is not where it was seen."""
    publish_emails(context, "hello", "again")
    loser, winner = add_leads(context, 2)
    apply(context, HELLO.replace("everyone", "vips"))
    _enroll(context, loser)
    before = places(context, "stirred")[0][0]
    _merge(context, loser, winner)
    assert places(context, "stirred") == [(before + 1,)]


# the score


def test_both_ledgers_count_and_nothing_counts_twice(context: Context) -> None:
    """Sums and temperature follow from all lines; a fact about both, and what is limited for each lead, counts once."""
    rules, _ = selling.publish(context)
    once = next(one for one in rules.rules if one.on and one.limit and one.limit.per == "lead")
    winner = selling.lead(context, "Mai", phone="+84901234567", city="Huế")
    loser = selling.lead(context, "Hoa", phone="+84901234568", city="Huế")
    for lead in (winner, loser):
        selling.happen(context, lead, Kind.CREATED)
        selling.happen(context, lead, url=selling.PRICES, message_id=lead, email_key="hello")
    _settle(context)
    fit, before = _lead(context, winner).fit, [_lead(context, one).engagement for one in (winner, loser)]
    assert fit > 0
    assert min(before) > 0
    _line(context, winner, once.key, 7)
    _line(context, loser, once.key, 7)
    _merge(context, loser, winner)
    _settle(context)
    row = _lead(context, winner)
    assert row.fit == fit
    assert row.engagement == sum(before) + 7
    assert (_lead(context, loser).engagement, _lead(context, loser).fit) == (0, 0)
    sums = sa.select(score_entries.c.axis, sa.func.sum(score_entries.c.points)).group_by(score_entries.c.axis)
    assert dict(rows(context, sums)) == {"engagement": row.engagement, "fit": row.fit}


def _line(context: Context, lead: int, rule: str, points: int, cause: str = "test") -> None:
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(
            score_entries.insert().values(
                lead_id=lead, axis="engagement", rule=rule, cause=cause, points=points, detail={}, actor="engine",
                at=now, recorded_at=now,
            )
        )  # fmt: skip
        more = {"engagement": leads.c.engagement + points}
        conn.execute(leads.update().where(leads.c.id == lead).values(more))


def _settle(context: Context) -> None:
    while react(context, after=(leave,)):
        pass


def test_lines_of_the_same_rule_and_cause_stand_beside_each_other(context: Context) -> None:
    """A day's decay of both is two lines."""
    winner, loser = add_leads(context, 2)
    for lead, points in ((winner, 40), (loser, 45)):
        _line(context, lead, "by_hand", points)
        _line(context, lead, "decay", -5, "decay:2026-11-02")
    _merge(context, loser, winner)
    row = _lead(context, winner)
    assert (row.engagement, row.temperature) == (75, "hot")
    lines = sa.select(score_entries.c.sequence).where(score_entries.c.rule == "decay").order_by(score_entries.c.id)
    assert rows(context, lines) == [(1,), (2,)]
    told = sa.select(activities.c.lead_id, activities.c.detail).where(activities.c.kind == "temperature_changed")
    ((lead, detail),) = rows(context, told)
    assert (lead, detail["before"], detail["after"], detail["reason"]) == (winner, "cold", "hot", "merged")


# yes and no


@pytest.mark.parametrize("who", ["winner", "loser"])
def test_a_no_of_either_is_stronger_than_a_newer_yes_of_the_other(context: Context, who: str) -> None:
    """With the proof of the no."""
    winner, loser = add_leads(context, 2)
    refuses, agrees = (winner, loser) if who == "winner" else (loser, winner)
    with context.database.write() as conn:
        withdraw(conn, refuses, _said(context, Method.PAPER))
        withdraw(conn, agrees, _said(context))
        clock(context).advance(DAY)
        give(conn, context.keys, agrees, None, _said(context))
    _merge(context, loser, winner)
    with context.database.read() as conn:
        standing = consent_store.standing_of(conn, context.keys, winner, f"lead{winner}@example.vn")
    assert not standing.agreed(Purpose.ADVERTISING)
    assert standing.tracking
    assert standing.refusal("advertising") is not None


def test_a_yes_of_the_loser_counts_for_the_winner_who_said_nothing(context: Context) -> None:
    """With its proof."""
    (winner,) = add_leads(context, 1, agreed=False)
    (loser,) = add_leads(context, 1)
    _merge(context, loser, winner)
    with context.database.read() as conn:
        standing = consent_store.standing_of(conn, context.keys, winner, f"lead{winner}@example.vn")
        (proof,) = [one["proof"] for one in consent_store.history(conn, winner)]
    assert standing.agreed(Purpose.ADVERTISING)
    assert proof == "yes"


@pytest.mark.parametrize(("reason", "closes"), [("unsubscribed", True), ("complained", True), ("bounced", False)])
def test_a_no_at_the_losers_address_closes_the_winners(context: Context, reason: str, closes: bool) -> None:
    """A bounce says something of its address alone. The merge looked at says the same as the merge done."""
    winner, loser = add_leads(context, 2)
    with context.database.write() as conn:
        suppress(conn, context.keys, f"lead{loser}@example.vn", SuppressionReason(reason), said=_said(context))
    with context.database.read() as conn:
        both = lead_store.by_ids(conn, [winner, loser])
        seen = look(conn, context.keys, both[loser], both[winner], now=context.clock.engine())
    _merge(context, loser, winner)
    with context.database.read() as conn:
        standing = consent_store.standing_of(conn, context.keys, winner, f"lead{winner}@example.vn")
    assert bool(standing.suppressed) is closes
    assert seen.email is not None
    assert (seen.email.refusal("care") is not None) is (standing.refusal("care") is not None) is closes


def test_the_number_is_closed_to_text_messages_as_the_address_is(context: Context) -> None:
    """By channel."""
    (winner,), (loser,) = (add_leads(context, 1, phone=phone) for phone in ("+84901234567", "+84901234568"))
    said = _said(context)
    with context.database.write() as conn:
        unsubscribed = SuppressionReason.UNSUBSCRIBED
        suppress(conn, context.keys, "+84901234568", unsubscribed, said=said, channel=Channel.SMS)
    _merge(context, loser, winner)
    with context.database.read() as conn:
        sms = consent_store.standing_of(conn, context.keys, winner, "+84901234567", Channel.SMS)
        email = consent_store.standing_of(conn, context.keys, winner, f"lead{winner}@example.vn")
    assert sms.refused
    assert not email.refused


# where the loser was reached


def test_the_losers_address_finds_the_winner(context: Context) -> None:
    """By itself, in an import, by its old page, in the search; and nobody new can have it."""
    winner, loser = add_leads(context, 2)
    boss = selling.person(context, Role.ADMIN)
    _merge(context, loser, winner)
    address = f"lead{loser}@example.vn"
    with context.database.write() as conn:
        found = lead_store.by_email(conn, address)
        assert found is not None
        assert found.id == winner
        assert ids_with_contact(conn, [address], []) == {address: winner}
        assert lead_store.by_public_id(conn, f"lead{loser}").id == winner
        listed = lead_store.page(conn, boss, Filters(text=address.upper()))
        assert [one.id for one in listed.leads] == [winner]
        now = context.clock.engine()
        with pytest.raises(ConflictError):
            lead_service.add(
                conn, NewLead(email=address), now=now, real=now, actor="cli", cause="cli"
            )  # fmt: skip


def test_the_number_of_a_loser_without_address_finds_the_winner(context: Context) -> None:
    """As that of a lead without an address does."""
    (winner,) = add_leads(context, 1)
    (loser,) = add_leads(context, 1, email=None, phone="+84901234567")
    _merge(context, loser, winner)
    with context.database.read() as conn:
        assert ids_with_contact(conn, [], ["+84901234567"]) == {"+84901234567": winner}
    assert _lead(context, winner).phone == "+84901234567"


@pytest.mark.parametrize("has_phone", [True, False])
def test_addresses_change_places_when_the_losers_is_chosen(context: Context, has_phone: bool) -> None:
    """Both go on to find the winner, who can change back by hand."""
    (winner,) = add_leads(context, 1, phone="+84901234567" if has_phone else None)
    (loser,) = add_leads(context, 1)
    mine, theirs = (f"lead{one}@example.vn" for one in (winner, loser))
    _merge(context, loser, winner, "email")
    assert (_lead(context, winner).email, _lead(context, loser).email) == (theirs, mine)
    assert theirs in _lead(context, winner).search_text
    now = context.clock.engine()
    with context.database.write() as conn:
        lead_service.change(conn, winner, {"email": mine}, now=now, real=now, actor="cli", cause="cli")
    assert (_lead(context, winner).email, _lead(context, loser).email) == (mine, theirs)


def test_links_of_the_losers_mail_count_for_the_winner(context: Context) -> None:
    """And its way out is the winner's."""
    selling.publish(context)
    publish_emails(context, "hello", "again")
    winner, loser = add_leads(context, 2)
    with context.database.write() as conn:
        give(conn, context.keys, loser, None, _said(context), [Purpose.TRACKING])
    apply(context, HELLO)
    tick(context)
    hand_over(context)
    ((message,),) = rows(context, sa.select(messages.c.id).where(messages.c.lead_id == loser))
    _merge(context, loser, winner)
    clock(context).advance(HOUR)
    add_hit(context, message, "click", agent=CHROME, url="https://shop.example/bang-gia")
    clock(context).advance(timedelta(minutes=10))
    ingest(context)
    clicks = sa.select(activities.c.lead_id, activities.c.message_id).where(activities.c.kind == "clicked")
    assert rows(context, clicks) == [(winner, message)]
    with context.database.write() as conn:
        whose = addressee(conn, message, loser)
        assert (whose.lead_id, whose.email) == (winner, f"lead{winner}@example.vn")
        unsubscribe(conn, context.keys, whose.lead_id, f"lead{loser}@example.vn", _said(context, Method.PAGE))
        standing = consent_store.standing_of(conn, context.keys, winner, whose.email)
    assert standing.refusal("advertising") is not None


# once, and in order


def test_a_merge_done_again_changes_nothing(context: Context) -> None:
    """The audit and the timeline have one line each."""
    winner, loser = add_leads(context, 2, name=FACTS)
    assert not _merge(context, loser, winner).already
    before = _left(context, winner)
    assert _merge(context, loser, winner, "city").already
    assert _left(context, winner) == before
    ((subject, detail),) = rows(context, sa.select(audit.c.subject, audit.c.detail))
    assert (subject, detail["lead"]) == (f"lead:lead{winner}", f"lead{loser}")
    ((told,),) = rows(context, sa.select(activities.c.detail).where(activities.c.kind == "merged"))
    assert told["name"] == FACTS


def test_a_chain_of_merges_leads_to_its_end(context: Context) -> None:
    """Whoever was merged into the loser is the new winner's, too."""
    first, second, third = add_leads(context, 3)
    _merge(context, first, second)
    _merge(context, second, third)
    assert [_lead(context, one).merged_into for one in (first, second, third)] == [third, third, None]
    with context.database.read() as conn:
        found = lead_store.by_email(conn, f"lead{first}@example.vn")
    assert found is not None
    assert found.id == third
    assert _merge(context, first, second).already  # both are the third


def test_what_cannot_be_merged_is_refused(context: Context) -> None:
    """Into itself, out of nowhere, what was merged elsewhere, into what was merged."""
    one, other, third = add_leads(context, 3)
    with pytest.raises(InputError):
        _merge(context, one, one)
    with pytest.raises(NotFoundError):
        _merge(context, 999, one)
    _merge(context, one, other)
    with pytest.raises(ConflictError):
        _merge(context, one, third)
    with pytest.raises(ConflictError):
        _merge(context, third, one)
    with pytest.raises(InputError):
        _merge(context, third, other, "phone")
    assert _lead(context, third).merged_into is None


def test_two_opposite_merges_at_once_leave_one_lead(context: Context) -> None:
    """One of them is done; the other is told so. Nobody waits for ever."""
    for _ in range(5):
        one, other = add_leads(context, 2)
        barrier = threading.Barrier(2)

        def run(loser: int, winner: int, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait(10)
            try:
                _merge(context, loser, winner)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(run, one, other), pool.submit(run, other, one)]
            assert sorted(each.result() for each in done) == [False, True]
        living = sa.select(sa.func.count()).where(leads.c.id.in_([one, other]), leads.c.merged_into.is_(None))
        assert rows(context, living) == [(1,)]


def test_the_winner_has_the_union_of_both(context: Context) -> None:
    """Facts, tags, stage, a stop, a reply; and is found by what it is called now."""
    now = context.clock.engine()
    (winner,) = add_leads(context, 1, name="Mai", lifecycle="mql")
    (loser,) = add_leads(
        context, 1, name="Hoàng Hoa", city="Đà Nẵng", lifecycle="customer", fields={"size": 3}, paused_at=now,
        paused_reason="asked", replied_at=now,
    )  # fmt: skip
    with context.database.write() as conn:
        lead_service.tag(conn, loser, "VIP", now=now, real=now, actor="cli", cause="cli")
    clock(context).advance(HOUR)
    _merge(context, loser, winner, "name")
    row = _lead(context, winner)
    assert (row.name, row.city, row.city_folded, row.lifecycle) == ("Hoàng Hoa", "Đà Nẵng", "da nang", "customer")
    assert (row.fields["size"], row.paused_at, row.paused_reason, row.replied_at) == (3, now, "asked", now)
    assert "hoang hoa" in row.search_text
    assert rows(context, sa.select(lead_tags.c.lead_id, lead_tags.c.tag)) == [(winner, "vip")]
    assert _lead(context, loser).replied_at is None
    assert row.last_activity_at is not None
    assert row.last_activity_at < context.clock.engine()  # a merge is no sign of life


def test_of_a_one_time_email_that_both_got_there_is_one_of_each(context: Context) -> None:
    """The loser's stays as it is, taken back if it has not gone; other broadcasts go along."""
    winner, loser = add_leads(context, 2)
    now = context.clock.engine()
    mail = {
        "purpose": "broadcast", "template_key": "news", "language": "vi", "class_": "advertising", "policy": {},
        "planned_at": now, "not_before": now, "created_at": now,
    }  # fmt: skip
    with context.database.write() as conn:
        for number, (broadcast, lead, state) in enumerate(
            [(1, winner, "sent"), (1, loser, "queued"), (2, loser, "sent")]
        ):
            more = {"broadcast_id": broadcast, "lead_id": lead, "state": state, "header_id": f"news{number}"}
            conn.execute(messages.insert().values(**mail, **more))
    _merge(context, loser, winner)
    assert mails(context, "broadcast_id", "lead_id", "state", "reason") == [
        (1, winner, "sent", ""),
        (1, loser, "canceled", "merged"),
        (2, winner, "sent", ""),
    ]


def _send(context: Context) -> None:
    """As a sender: reserve, let go, and settle what the relay has said, each in a transaction of its own."""
    with context.database.write() as conn:
        at = context.database.now(conn)
        times = {"now": context.clock.engine(), "real": context.clock.real(), "at": at}
        ids = reserve(conn, "sender", 8, lease=timedelta(seconds=60), **times)
    with context.database.write() as conn:
        letters = go(conn, context, "sender", ids, at=context.database.now(conn)) if ids else []
    with context.database.write() as conn:
        reports = [Report(one.message_id, one.fence, Phase.ANSWERED, 250, "2.0.0", "sender") for one in letters]
        settle(conn, context, "sender", "sender", reports)


def test_merges_beside_a_clock_and_workers_hold_up_nobody(context: Context) -> None:
    """Ticks, reactions and merges at once: no deadlock, nothing of a loser under way, and each winner has one of it."""
    publish_emails(context, "hello", "again")
    selling.publish(context)
    ids = add_leads(context, 40)
    apply(context, HELLO.replace("wait: 2 days", "wait: 1 minute"))
    for lead in ids:
        selling.happen(context, lead, Kind.CLICKED, url=selling.PRICES, email_key="hello")
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    stop = threading.Event()

    def until_stopped(work: Callable[[Context], object]) -> None:
        while not stop.is_set():
            work(context)
            stop.wait(0.005)

    with ThreadPoolExecutor(5) as pool:
        beside = [pool.submit(until_stopped, work) for work in (tick, react, react, _send)]
        try:
            for number, (one, other) in enumerate(pairs):
                _merge(context, *((one, other) if number % 2 else (other, one)))
                clock(context).advance(timedelta(seconds=10))
        finally:
            stop.set()
        for each in beside:
            each.result(30)
    _settle(context)
    merged = sa.select(leads.c.id).where(leads.c.merged_into.is_not(None))
    assert len(rows(context, merged)) == len(pairs)
    going = (
        (enrollments, enrollments.c.state == "active"),
        (messages, messages.c.state.in_(["queued", "sending"])),
        (memberships, memberships.c.left_at.is_(None)),
    )
    for table, goes in going:
        late = sa.select(sa.func.count()).select_from(table).where(table.c.lead_id.in_(merged), goes)
        assert rows(context, late) == [(0,)], table.name
    active = sa.select(enrollments.c.lead_id, sa.func.count()).where(enrollments.c.state == "active")
    assert all(count == 1 for _, count in rows(context, active.group_by(enrollments.c.lead_id)))
