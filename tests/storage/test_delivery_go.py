"""Reserve and go: what was committed before it counts, at the last moment."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.tables import campaigns
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import store
from nurture.delivery.go import LEASE, go
from nurture.delivery.letter import Letter
from nurture.enrollments.tables import enrollments
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.faults.ground import fill, frozen

NIGHT = {"window": {"days": "mon-sun", "from": "20:00", "to": "22:00"}}


def _reserve(ctx: Context, sender: str = "s1", limit: int = 64) -> list[int]:
    with ctx.database.write() as conn:
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": ctx.database.now(conn)}
        return store.reserve(conn, sender, limit, lease=timedelta(seconds=60), **times)


def _go(ctx: Context, ids: list[int], sender: str = "s1") -> list[Letter]:
    with ctx.database.write() as conn:
        return go(conn, ctx, sender, ids, at=ctx.database.now(conn))


def _send(ctx: Context) -> list[int]:
    return [letter.message_id for letter in _go(ctx, _reserve(ctx))]


def _row(ctx: Context, number: int = 1) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(messages).where(messages.c.id == number)).one()


def _set(ctx: Context, table: sa.Table, number: int = 1, **values: Any) -> None:
    with ctx.database.write() as conn:
        conn.execute(table.update().where(table.c.id == number).values(**values))


def test_a_message_reserved_by_one_is_not_reserved_by_another(context: Context) -> None:
    """Until its lease is over; it stays queued."""
    fill(context, 5)
    first, second = _reserve(context, "s1", 3), _reserve(context, "s2", 9)
    assert (first, second) == ([1, 2, 3], [4, 5])
    assert _row(context).state == "queued"
    past = context.clock.real() - timedelta(days=9_000)
    _set(context, messages, 2, lease_until=past)
    assert _reserve(context, "s2") == [2]


def test_the_urgent_and_the_longest_waiting_go_first(context: Context) -> None:
    """By priority, then by instant; what is not yet due stays."""
    fill(context, 4)
    now = context.clock.engine()
    _set(context, messages, 1, not_before=now + timedelta(seconds=1))
    _set(context, messages, 2, not_before=now - timedelta(hours=1))
    _set(context, messages, 4, priority=1)
    assert _reserve(context) == [4, 2, 3]


def test_a_deferred_message_waits_for_its_retry(context: Context, clock: ManualClock) -> None:
    """In real time."""
    fill(context, 1)
    _set(context, messages, state="deferred", retry_at=clock.real() + timedelta(minutes=1))
    assert _reserve(context) == []
    clock.advance(timedelta(minutes=1))
    assert _reserve(context) == [1]


def test_a_go_freezes_the_message_and_marks_it(context: Context, clock: ManualClock) -> None:
    """Address, values, date and revision stay as they were, whatever changes after."""
    fill(context, 1)
    (letter,) = _go(context, _reserve(context))
    row = _row(context)
    assert (row.state, row.fence, row.lease_holder, row.gone_at) == ("sending", 1, "s1", clock.engine())
    assert (row.address, row.dated_at, row.template_revision_id) == ("lead1@example.com", clock.real(), 1)
    assert frozen(context, 1)["lead"]["given_name"] == letter.values["lead"]["given_name"] == "Minh"
    assert row.lease_until > context.clock.real() + LEASE - timedelta(days=9_000)
    _set(context, messages, state="queued", lease_until=None, lease_holder=None)
    _set(context, leads, email="new@example.com", given_name="Lan")
    clock.advance(timedelta(hours=1))
    (again,) = _go(context, _reserve(context))
    assert (again.fence, again.dated, again.to_address) == (2, letter.dated, "lead1@example.com")
    assert again.values == letter.values


def test_a_refusal_committed_before_the_go_wins(context: Context) -> None:
    """Although the message was reserved already; the decision is kept, and the enrollment goes on."""
    fill(context, 2)
    ids = _reserve(context)
    now = context.clock.engine()
    with context.database.write() as conn:
        said = Said(Method.PAGE, "unsubscribe", "lead", "hit:1", now, now)
        suppress(conn, context.keys, "lead1@example.com", SuppressionReason.UNSUBSCRIBED, said=said)
    assert [letter.message_id for letter in _go(context, ids)] == [2]
    row = _row(context)
    assert (row.state, row.reason, row.ended_at, row.lease_holder) == ("skipped", "unsubscribed", now, None)
    with context.database.read() as conn:
        (kept,) = conn.execute(sa.select(decisions)).all()
    assert (kept.kind, kept.subject, kept.outcome, kept.reason) == ("send", "message:1", "no", "unsubscribed")


@pytest.mark.parametrize("which", ["lead1@example.com", "new@example.com"], ids=["written to", "present"])
def test_a_no_to_the_frozen_or_to_the_present_address_forbids(context: Context, which: str) -> None:
    """A retry goes to the address it was written for; a lead that has another one by now is asked under both."""
    fill(context, 2)
    _send(context)
    _set(context, messages, state="deferred", lease_until=None, lease_holder=None)
    _set(context, leads, email="new@example.com")
    now = context.clock.engine()
    with context.database.write() as conn:
        said = Said(Method.PAGE, "unsubscribe", "lead", "hit:1", now, now)
        suppress(conn, context.keys, which, SuppressionReason.UNSUBSCRIBED, said=said)
    assert _send(context) == []
    assert (_row(context).state, _row(context).reason) == ("skipped", "unsubscribed")


def test_a_lead_without_address_any_more_is_not_written_to(context: Context) -> None:
    """Although the message was frozen with one."""
    fill(context, 1)
    _send(context)
    _set(context, messages, state="deferred", lease_until=None, lease_holder=None)
    _set(context, leads, email=None, phone="+84901234567")
    assert _send(context) == []
    assert (_row(context).state, _row(context).reason) == ("skipped", "no_address")


def _to_staff(ctx: Context, purpose: str = "account", **more: Any) -> None:
    fill(ctx, 1)
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        who = {"id": 4, "email": "lan@anphat.example", "name": "Lan", "role": "sales", "working_hours": {}}
        conn.execute(users.insert().values(**who, created_at=now))
    link = {"link": "https://m.example/invite/once"}
    _set(ctx, messages, user_id=4, purpose=purpose, class_="transactional", values_=link, **more)


def test_mail_to_staff_is_told_by_its_reader(context: Context) -> None:
    """Also where a lead is named: it is not the lead's, needs no consent, and is not tracked."""
    _to_staff(context, lead_id=1)
    _set(context, leads, paused_at=context.clock.engine(), email=None, phone="+84901234567")
    (letter,) = _go(context, _reserve(context))
    assert (letter.to_address, letter.to_name, letter.lead_id) == ("lan@anphat.example", "Lan", 0)
    assert (letter.address_hash, letter.tracking) == ("", False)
    assert (letter.values["owner"]["name"], letter.values["link"]) == ("Lan", "https://m.example/invite/once")


def test_a_message_to_nobody_is_skipped_and_holds_up_nobody_else(context: Context) -> None:
    """Neither lead nor reader, whatever address it was given."""
    fill(context, 2)
    _set(context, messages, lead_id=None, address="who@example.com")
    assert _send(context) == [2]
    assert (_row(context).state, _row(context).reason) == ("skipped", "no_address")


@pytest.mark.parametrize(("purpose", "kept"), [("account", False), ("alert", True)])
def test_a_link_of_one_use_is_blanked_when_its_mail_is_skipped(context: Context, purpose: str, kept: bool) -> None:
    """Only account mail has such links."""
    _to_staff(context, purpose)
    _set(context, users, 4, disabled_at=context.clock.engine())
    assert _send(context) == []
    assert (_row(context).state, bool(_row(context).values_)) == ("skipped", kept)


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ({"paused_at": "now"}, "queued", "paused_by_hand"),
        ({"replied_at": "now"}, "queued", "replied"),
        ({"email": None, "phone": "+84901234567"}, "skipped", "no_address"),
        ({"merged_into": 2}, "canceled", "merged"),
    ],
)
def test_a_lead_that_must_not_be_written_to_is_not(
    context: Context, values: dict[str, Any], state: str, reason: str
) -> None:
    """Whatever was true when the message was written."""
    fill(context, 2)
    at = context.clock.engine()
    _set(context, leads, **{name: at if value == "now" else value for name, value in values.items()})
    assert _send(context) == [2]
    assert (_row(context).state, _row(context).reason) == (state, reason)


def test_a_mail_that_answers_the_lead_goes_in_spite_of_a_stop(context: Context) -> None:
    """A stop holds automatic mail, not a transaction."""
    fill(context, 1)
    _set(context, leads, paused_at=context.clock.engine())
    _set(context, messages, class_="transactional")
    assert _send(context) == [1]


@pytest.mark.parametrize(
    ("campaign", "state", "reason"),
    [("paused", "queued", ""), ("archived", "canceled", "campaign_stopped"), ("live", "sending", "")],
)
def test_a_campaigns_state_is_read_at_the_go(context: Context, campaign: str, state: str, reason: str) -> None:
    """A pause keeps, an end takes back."""
    fill(context, 1)
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(campaigns.insert().values(id=1, key="c", name={}, state=campaign, created_at=now))
    _set(context, messages, campaign_id=1)
    _send(context)
    assert (_row(context).state, _row(context).reason) == (state, reason)


def test_a_campaign_paused_after_the_reservation_holds_it(context: Context) -> None:
    """The lease ends, so that it goes on when the campaign does."""
    fill(context, 1)
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(campaigns.insert().values(id=1, key="c", name={}, state="live", created_at=now))
    _set(context, messages, campaign_id=1)
    ids = _reserve(context)
    _set(context, campaigns, state="paused")
    assert _go(context, ids) == []
    assert (_row(context).state, _row(context).reason, _row(context).lease_holder) == (
        "queued",
        "campaign_paused",
        None,
    )
    assert _reserve(context) == []
    _set(context, campaigns, state="live")
    assert _send(context) == [1]


def test_outside_its_window_a_message_waits_for_it(context: Context, clock: ManualClock) -> None:
    """It stays queued, with the reason and the instant."""
    fill(context, 1)
    _set(context, messages, policy=NIGHT)
    assert _send(context) == []
    row = _row(context)
    opens = clock.engine() + timedelta(hours=11)
    assert (row.state, row.reason, row.not_before) == ("queued", "quiet_hours", opens)
    clock.advance(timedelta(hours=11))
    assert _send(context) == [1]


def _three_for_one_lead(context: Context, purpose: str) -> None:
    fill(context, 3)
    for number in (1, 2, 3):
        _set(context, messages, number, lead_id=1, purpose=purpose, policy={"cap": "2 in 7 days"})


def test_a_cap_holds_within_one_go_too(context: Context, clock: ManualClock) -> None:
    """The third waits until the first leaves the span."""
    _three_for_one_lead(context, "campaign")
    assert _send(context) == [1, 2]
    row = _row(context, 3)
    assert (row.state, row.reason) == ("queued", "capped")
    assert row.not_before == clock.engine() + timedelta(days=7)


def test_what_may_have_gone_counts_and_what_did_not_does_not(context: Context, clock: ManualClock) -> None:
    """Unknown counts, bounced does not."""
    _three_for_one_lead(context, "campaign")
    _send(context)
    _set(context, messages, 1, state="unknown")
    _set(context, messages, 2, state="bounced")
    _set(context, messages, 3, not_before=clock.engine())
    assert _send(context) == [3]


def test_a_capped_broadcast_is_skipped(context: Context) -> None:
    """Its moment is now or never."""
    _three_for_one_lead(context, "broadcast")
    assert _send(context) == [1, 2]
    assert (_row(context, 3).state, _row(context, 3).reason) == ("skipped", "capped")


def test_an_email_that_is_not_published_is_skipped(context: Context) -> None:
    """With its name."""
    fill(context, 2)
    _set(context, messages, template_key="nowhere")
    assert _send(context) == [2]
    row = _row(context)
    assert (row.state, row.reason, row.detail) == ("skipped", "no_template", {"email": "nowhere"})


def test_a_policy_that_cannot_be_read_holds_up_nobody_else(context: Context) -> None:
    """One odd message changes nothing for the others."""
    fill(context, 2)
    _set(context, messages, policy={"cap": "many"})
    assert _send(context) == [2]
    assert _row(context).state == "skipped"


def test_a_skipped_message_lets_its_enrollment_go_on(context: Context) -> None:
    """What waited for it waits no longer."""
    fill(context, 1)
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(campaigns.insert().values(id=1, key="c", name={}, state="live", created_at=now))
        revision = {"id": 1, "campaign_id": 1, "hash": "", "source": "", "definition": {}, "created_at": now}
        table = sa.Table("campaign_revisions", campaigns.metadata)
        conn.execute(table.insert().values(**revision, created_by="test"))
        values = {"id": 1, "campaign_id": 1, "revision_id": 1, "lead_id": 1, "state": "active", "cause": "t"}
        conn.execute(enrollments.insert().values(**values, entered_at=now, waits_for=1))
        conn.execute(messages.update().values(enrollment_id=1, template_key="nowhere"))
    assert _send(context) == []
    with context.database.read() as conn:
        assert conn.execute(sa.select(enrollments.c.waits_for)).scalar_one() is None


def test_a_message_taken_over_by_another_does_not_go(context: Context) -> None:
    """The holder is asked again in the go."""
    fill(context, 1)
    ids = _reserve(context)
    _set(context, messages, lease_holder="s2")
    assert _go(context, ids) == []
