"""Calls are handed over once, by one worker, with no transaction open; what a crash leaves is taken up again."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions, reactions
from nurture.campaigns import service as campaigns
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.engine.calling import judge
from nurture.engine.leave import examine, take_out
from nurture.engine.tick import tick
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from nurture.kernel.tables import installation
from nurture.leads.tables import leads
from nurture.outbound import service, store
from nurture.outbound.model import Answer, Call, CallKind, CallState, Stage
from nurture.outbound.secrets import load_secrets
from nurture.outbound.tables import outbox
from nurture.users import service as users
from nurture.users.model import Person, Role
from tests.storage.outbound.calling import (
    SEGMENTS,
    SMS,
    Recorded,
    agree_to_sms,
    calling,
    calls,
    hook,
    recorded,
    worker,
)  # fmt: skip
from tests.storage.outbound.receiver import Receiver, receiving
from tests.storage.ticking import DAY, HOUR, add_leads, apply, clock, passed, places, rows

PHONE = "+84901234567"
URL = "https://crm.example.vn/hooks"
WAIT = "{ok: [{id: good, add_tag: good}], failed: [{id: bad, add_tag: bad}], within: 1 day}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A system that is told."""
    with receiving() as one:
        yield one


def test_a_webhook_arrives_signed(context: Context, receiver: Receiver) -> None:
    """By Standard Webhooks: whoever has the secret can tell; the timeline has a line."""
    ctx = calling(
        context,
    )
    add_leads(ctx, 1, name="Hạnh\r\nX-Evil: 1")
    apply(ctx, hook(receiver.url), segments=SEGMENTS)
    tick(ctx)
    assert worker(ctx).work() == 1
    (got,) = receiver.got
    (secret,) = load_secrets(ctx.settings).of("crm")
    assert "x-evil" not in got.headers
    signed = Webhook(secret).sign(got.headers["webhook-id"], ctx.clock.real(), got.body)
    assert got.headers["webhook-signature"] == signed
    assert json.loads(got.body)["data"]["lead"]["name"] == "Hạnh\r\nX-Evil: 1"
    assert calls(ctx, "state", "status", "answer", "attempts") == [("sent", 200, "{}", 1)]
    line = sa.select(activities.c.kind, activities.c.campaign_key, activities.c.detail["state"].as_string())
    told = [tuple(one) for one in rows(ctx, line.where(activities.c.kind == Kind.WEBHOOK_ANSWERED.value))]
    assert told == [("webhook_answered", "tell", "sent")]
    assert worker(ctx).work() == 0


def test_secrets_that_are_set_sign_side_by_side(context: Context, receiver: Receiver) -> None:
    """Those of the webhook's name before those for all."""
    one, two, other = ("whsec_" + letter * 32 for letter in "abc")
    ctx = calling(context, webhook_secrets=(("crm", one), ("crm", two), ("", other)))
    add_leads(ctx, 1)
    apply(ctx, hook(receiver.url), segments=SEGMENTS)
    tick(ctx)
    worker(ctx).work()
    (got,) = receiver.got
    signed = [Webhook(each).sign(got.headers["webhook-id"], ctx.clock.real(), got.body) for each in (one, two)]
    assert got.headers["webhook-signature"].split(" ") == signed
    assert not (ctx.settings.data_dir / "webhook.key").exists()


def test_an_inner_address_is_never_called(context: Context, receiver: Receiver) -> None:
    """Unless the operator has named it: it fails for good, with the reason."""
    add_leads(context, 1)
    apply(context, hook(receiver.url), segments=SEGMENTS)
    tick(context)
    worker(context).work()
    assert calls(context, "state", "reason", "attempts") == [("failed", "not_public", 1)]
    assert receiver.got == []


def test_a_webhook_target_down_for_a_day(context: Context, receiver: Receiver) -> None:
    """It is tried with growing pauses, then delivered once under the same id; the lead has moved on meanwhile."""
    ctx = calling(context)
    add_leads(ctx, 1)
    apply(ctx, hook(receiver.url), segments=SEGMENTS)
    tick(ctx)
    receiver.status = 503
    one = worker(ctx)
    start = ctx.clock.real()
    while ctx.clock.real() < start + DAY:
        one.work()
        clock(ctx).advance(timedelta(minutes=20))
    assert places(ctx, "state", "reason") == [("completed", "done")]
    assert passed(ctx) == [("crm", "done"), ("told", "done")]
    assert calls(ctx, "state", "reason") == [("queued", "call_refused")]
    tries = len(receiver.got)
    assert 8 <= tries <= 16
    receiver.status = 204
    clock(ctx).advance(5 * HOUR)
    while one.work():
        pass
    clock(ctx).advance(5 * DAY)
    assert one.work() == 0
    assert len(receiver.got) == tries + 1
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    assert calls(ctx, "state", "status", "attempts", "reason") == [("sent", 204, tries + 1, "")]


def test_a_lead_that_waits_for_a_target_down_for_a_day_goes_the_failed_way(
    context: Context, receiver: Receiver
) -> None:
    """After the time it was given; the call is tried on, and is delivered all the same."""
    ctx = calling(context)
    add_leads(ctx, 1)
    apply(ctx, hook(receiver.url, wait=WAIT), segments=SEGMENTS)
    tick(ctx)
    receiver.status = 503
    one = worker(ctx)
    for _ in range(25):
        one.work()
        tick(ctx)
        clock(ctx).advance(HOUR)
    tick(ctx)
    assert ("crm", "failed") in passed(ctx)
    assert ("bad", "done") in passed(ctx)
    receiver.status = 200
    clock(ctx).advance(5 * HOUR)
    one.work()
    assert calls(ctx, "state") == [("sent",)]


@pytest.mark.parametrize(("status", "way"), [(200, "ok"), (410, "failed")])
def test_a_lead_that_waits_goes_on_with_the_answer(context: Context, receiver: Receiver, status: int, way: str) -> None:
    """At once, by a nudge; the way counts from the answer."""
    ctx = calling(context)
    (lead,) = add_leads(ctx, 1)
    apply(ctx, hook(receiver.url, wait=WAIT), segments=SEGMENTS)
    tick(ctx)
    assert places(ctx, "step") == [("crm",)]
    receiver.status = status
    worker(ctx).work()
    clock(ctx).advance(timedelta(seconds=5))
    with ctx.database.write() as conn:
        examine(conn, [lead], ctx.clock.engine(), ctx.clock.real())
    tick(ctx)
    assert passed(ctx)[0] == ("crm", way)
    assert len(passed(ctx)) == 3


def test_an_answer_leaves_a_reaction_for_whoever_waits(context: Context) -> None:
    """The line in the timeline is committed with it."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    with context.database.write() as conn:
        conn.execute(reactions.delete())
    worker(context, recorded()).work()
    assert len(rows(context, sa.select(reactions.c.id))) == 1


def test_after_three_days_it_is_over(context: Context) -> None:
    """With the last answer; a person may have it tried for three days more."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    down = Recorded(*[Answer(Stage.CONNECT, text="no route")] * 100)
    one = worker(context, recorded(webhook=down))
    for _ in range(90):
        one.work()
        clock(context).advance(HOUR)
    assert calls(context, "state", "reason", "answer") == [("failed", "expired", "no route")]
    tries = len(down.given)
    ((public_id,),) = calls(context, "public_id")
    with context.database.write() as conn:
        service.try_again(conn, public_id, real=context.clock.real(), actor="cli")
    one.work()
    assert calls(context, "state") == [("queued",)]
    assert len(down.given) == tries + 1


def test_two_workers_never_hand_over_the_same(context: Context) -> None:
    """Both at once, again and again: each call leaves once."""
    add_leads(context, 40)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    taken = Recorded()
    carriers = recorded(webhook=taken)

    def drain() -> None:
        one = worker(context, carriers)
        while one.work():
            pass

    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(call.id for call in taken.given) == [row[0] for row in calls(context, "id")]
    assert {row[0] for row in calls(context, "state")} == {"sent"}


def test_nobody_holds_a_transaction_while_talking(context: Context) -> None:
    """Another writer gets through during a call."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)

    class Writing(Recorded):
        def hand_over(self, call: Call, at: object) -> Answer:
            with context.database.write() as conn:
                conn.execute(leads.update().values(city="Huế"))
            return Answer(Stage.ANSWERED, 200)

    assert worker(context, recorded(webhook=Writing())).work() == 1
    assert calls(context, "state") == [("sent",)]


def _let_go(ctx: Context) -> list[Call]:
    """What a worker does before it dies."""
    with ctx.database.write() as conn:
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": ctx.database.now(conn)}
        return service.let_go(conn, judge(ctx), "dead", **times)[1]


def _leases_end(ctx: Context) -> None:
    with ctx.database.write() as conn:
        conn.execute(outbox.update().values(lease_until=SystemClock().real() - HOUR))


def test_a_webhook_of_a_worker_that_died_goes_again_under_the_same_id(context: Context) -> None:
    """At least once; not before its lease is over. What the dead one says later counts for nothing."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    (lost,) = _let_go(context)
    taken = Recorded()
    other = worker(context, recorded(webhook=taken))
    assert other.work() == 0
    _leases_end(context)
    other.work()
    other.work()
    (again,) = taken.given
    assert (again.webhook_id, again.fence, again.attempts) == (lost.webhook_id, lost.fence + 1, 2)
    with context.database.write() as conn:
        late = Answer(Stage.ANSWERED, 410)
        times = {"now": context.clock.engine(), "real": context.clock.real()}
        assert service.settle(conn, lost, late, repeats=True, jitter=0, **times) is None
    assert calls(context, "state") == [("sent",)]


@pytest.mark.parametrize(("repeats", "state"), [(False, "unknown"), (True, "sent")])
def test_a_text_of_a_worker_that_died(context: Context, state: str, *, repeats: bool) -> None:
    """Nobody knows whether it went: it is shown so, and goes again only where twice is the same as once."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    assert len(_let_go(context)) == 1
    _leases_end(context)
    taken = Recorded(repeats=repeats)
    other = worker(context, recorded(sms=taken))
    for _ in range(3):
        other.work()
    assert calls(context, "state") == [(state,)]
    assert len(taken.given) == (1 if repeats else 0)
    if not repeats:
        assert [row.reason for row in rows(context, sa.select(decisions.c.reason))] == ["gateway_unsure"]


def test_a_text_whose_answer_never_came_is_not_sent_again_by_itself(context: Context) -> None:
    """A person may."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    silent = Recorded(Answer(Stage.SENT, text="timed out"), repeats=False)
    one = worker(context, recorded(sms=silent))
    for _ in range(5):
        one.work()
        clock(context).advance(HOUR)
    assert len(silent.given) == 1
    ((public_id, state),) = calls(context, "public_id", "state")
    assert state == "unknown"
    with context.database.write() as conn:
        service.try_again(conn, public_id, real=context.clock.real(), actor="cli")
    one.work()
    assert len(silent.given) == 2
    assert calls(context, "state") == [("sent",)]


def test_texts_go_into_a_file_until_there_is_a_gateway(context: Context) -> None:
    """A JSON document a line, and a line in the timeline."""
    agree_to_sms(context, add_leads(context, 2, phone=PHONE, given_name="Ánh"))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    while worker(context).work():
        pass
    path = context.settings.data_dir / "sms.jsonl"
    written = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(one["to"], one["text"]) for one in written] == [(PHONE, "[QC] Chào Ánh")] * 2
    assert path.stat().st_mode & 0o077 == 0
    kinds = sa.select(activities.c.kind).where(activities.c.kind == Kind.SMS_SENT.value)
    assert len(rows(context, kinds)) == 2


def test_a_no_said_meanwhile_is_stronger(context: Context) -> None:
    """The last look is in the transaction that lets it go."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    now = context.clock.engine()
    with context.database.write() as conn:
        said = Said(Method.PERSON, "test", "cli", "test", now, now)
        suppress(conn, context.keys, PHONE, SuppressionReason.UNSUBSCRIBED, said=said, channel=Channel.SMS)
    taken = Recorded()
    worker(context, recorded(sms=taken)).work()
    assert (calls(context, "state", "reason"), taken.given) == ([("skipped", "sms_refused")], [])


def test_a_text_that_waited_into_the_night_waits_for_the_morning(context: Context) -> None:
    """The window is looked at again before it leaves."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    window = '\nsending: {window: {days: mon-sat, from: "08:00", to: "20:00"}}\n'
    apply(context, SMS + window, segments=SEGMENTS)
    tick(context)
    clock(context).advance(13 * HOUR)
    taken = Recorded()
    one = worker(context, recorded(sms=taken))
    one.work()
    assert (calls(context, "state", "reason"), taken.given) == ([("queued", "quiet_hours")], [])
    clock(context).advance(10 * HOUR)
    one.work()
    assert calls(context, "state", "reason") == [("sent", "")]


def test_a_text_to_a_lead_whose_reply_waits_is_looked_at_again_soon(context: Context) -> None:
    """Once the owner has looked it goes within minutes."""
    ids = add_leads(context, 1, phone=PHONE, given_name="An")
    agree_to_sms(context, ids)
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    taken = Recorded()
    one = worker(context, recorded(sms=taken))
    with context.database.write() as conn:
        conn.execute(leads.update().values(replied_at=context.clock.engine()))
    one.work()
    assert (calls(context, "state", "reason"), taken.given) == ([("queued", "replied")], [])
    with context.database.write() as conn:
        conn.execute(leads.update().values(replied_at=None))
    clock(context).advance(timedelta(minutes=10))
    one.work()
    assert calls(context, "state", "reason") == [("sent", "")]


def test_a_paused_campaign_s_calls_wait_and_a_put_away_one_s_are_taken_back(context: Context) -> None:
    """At once."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    real = context.clock.real()
    taken = Recorded()
    one = worker(context, recorded(webhook=taken))
    with context.database.write() as conn:
        campaigns.pause(conn, "tell", real=real, actor="cli")
    assert one.work() == 0
    assert calls(context, "state") == [("queued",)]
    with context.database.write() as conn:
        campaigns.archive(conn, "tell", real=real, actor="cli")
    one.work()
    assert (calls(context, "state", "reason"), taken.given) == ([("canceled", "campaign_stopped")], [])


def test_who_is_taken_out_gets_no_text_that_has_not_gone(context: Context) -> None:
    """A webhook stays: what it tells has happened."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    more = f"  - {{id: crm, webhook: {{url: '{URL}', name: crm}}}}\n  - {{id: w, wait: 1 day}}\n"
    steps = SMS.replace("  - {id: done", more + "  - {id: done")
    apply(context, steps, segments=SEGMENTS)
    tick(context)
    with context.database.write() as conn:
        take_out(conn, [1], now=context.clock.engine(), real=context.clock.real())
    assert sorted(calls(context, "kind", "state", "reason")) == [
        ("sms", "canceled", "left_by_hand"),
        ("webhook", "queued", ""),
    ]


def test_a_copied_database_calls_nobody(context: Context) -> None:
    """Until it is claimed."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    with context.database.write() as conn:
        row = {"id": 1, "instance": "x", "place": "y", "created_at": context.clock.real(), "stopped_sending": "moved"}
        conn.execute(installation.insert().values(row))
    taken = Recorded()
    assert worker(context, recorded(webhook=taken)).work() == 0
    assert taken.given == []


def test_a_host_that_does_not_answer_is_left_alone_for_a_while(context: Context) -> None:
    """A hundred calls cost few tries, and calls to others go on."""
    add_leads(context, 60)
    erp = "  - {id: erp, webhook: {url: 'https://erp.example.vn/', name: erp}}\n"
    both = hook(URL).replace("  - {id: told", erp + "  - {id: told")
    apply(context, both, segments=SEGMENTS)
    tick(context)
    tries: list[str] = []

    class Half(Recorded):
        def hand_over(self, call: Call, at: object) -> Answer:
            tries.append(call.name)
            return Answer(Stage.CONNECT) if call.name == "crm" else Answer(Stage.ANSWERED, 200)

    one = worker(context, recorded(webhook=Half()))
    while one.work():
        pass
    assert tries.count("erp") == 60
    assert tries.count("crm") <= 32


def test_a_transport_that_breaks_is_an_answer_not_known(context: Context) -> None:
    """One call does not hold up the others, and the loop lives on."""
    add_leads(context, 2)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)

    class Broken(Recorded):
        def hand_over(self, call: Call, at: object) -> Answer:
            raise RuntimeError("bug")

    worker(context, recorded(webhook=Broken())).work()
    assert calls(context, "state", "answer") == [("queued", "RuntimeError")] * 2


def test_only_who_defines_campaigns_has_calls_tried_again(context: Context) -> None:
    """And only calls that failed; a salesperson not even those of own leads."""
    add_leads(context, 1)
    apply(context, hook(URL), segments=SEGMENTS)
    tick(context)
    worker(context, recorded(webhook=Recorded(Answer(Stage.ANSWERED, 410)))).work()
    ((public_id,),) = calls(context, "public_id")
    real = context.clock.real()
    with context.database.write() as conn:
        account = {"email": "mai@example.com", "name": "Mai", "role": "marketer", "password": "ba con meo den"}
        number = users.add(conn, **account, real=real, actor="cli")
        marketer = Person(number, "Mai", "mai@example.com", Role.MARKETER)
        with pytest.raises(ForbiddenError):
            service.retry(conn, replace(marketer, role=Role.SALES), public_id, real=real)
        with pytest.raises(ForbiddenError):
            service.retry(conn, replace(marketer, role=Role.VIEWER), public_id, real=real)
        with pytest.raises(NotFoundError):
            service.retry(conn, marketer, "nothing", real=real)
        service.retry(conn, marketer, public_id, real=real)
        with pytest.raises(ConflictError):
            service.retry(conn, marketer, public_id, real=real)
        assert store.account(conn, "tell") == {(CallKind.WEBHOOK, CallState.QUEUED): 1}
