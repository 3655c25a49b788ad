"""Bounces: what they change, in any order, once each; and what they must not change."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import activities, reactions
from nurture.consents.tables import suppressions
from nurture.delivery.bounce import BounceReason
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import Settled, settle
from nurture.inbound.model import What
from nurture.inbound.tables import returns
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.storage.inbound.ground import another, kinds, refusal, rows, sent, tell, told
from tests.storage.performing.ground import counted

GONE = {"reason": BounceReason.NO_SUCH_USER, "status": "5.1.1", "diagnostic": "550 5.1.1 no such user"}
FULL = {"reason": BounceReason.MAILBOX_FULL, "status": "5.2.2", "diagnostic": "552 5.2.2 over quota"}
SPAM = {"reason": BounceReason.SPAM, "status": "5.7.1", "diagnostic": "550 5.7.1 looks like spam"}


def test_a_hard_bounce_ends_message_and_address(context: Context) -> None:
    """In account, timeline and suppression, with what the receiver said; told again it changes nothing."""
    sent(context)
    hard = told(context, What.BOUNCED, message_id=1, address="lead1@example.com", **GONE)
    assert tell(context, hard).outcomes == {"bounced:done": 1}
    assert tell(context, hard, hard).new == 0
    (message,), (activity,), (closed,) = (rows(context, one) for one in (messages, activities, suppressions))
    assert (message.state, message.reason) == ("bounced", "hard_bounce")
    assert message.detail["answer"] == "550 5.1.1 no such user"
    assert (activity.kind, activity.message_id, activity.detail["hard"]) == ("message_bounced", 1, True)
    assert (closed.reason, closed.scope, closed.origin) == ("bounced", "all", "return:1")
    assert refusal(context) == "bounced"
    assert len(rows(context, reactions)) == len(rows(context, returns)) == 1


@pytest.mark.parametrize("state", ["sent", "unknown", "deferred", "sending"])
def test_a_bounce_ends_whatever_went_or_may_have_gone(context: Context, state: str) -> None:
    """Also one whose sending nobody has told us of yet."""
    sent(context, state=state)
    tell(context, told(context, What.BOUNCED, message_id=1, **GONE))
    assert [row.state for row in rows(context, messages)] == ["bounced"]
    assert kinds(context) == ["message_bounced"]
    assert refusal(context) == "bounced"


def test_a_bounce_that_overtakes_our_own_report_stays(context: Context) -> None:
    """The sender's `sent` comes too late."""
    sent(context, state="sending")
    with context.database.write() as conn:
        conn.execute(messages.update().values(lease_holder="s1", fence=1))
    tell(context, told(context, What.BOUNCED, message_id=1, **GONE))
    with context.database.write() as conn:
        assert settle(conn, context, "s1", "smtp", [Report(1, 1, Phase.ANSWERED, 250)]) == Settled()
    assert [row.state for row in rows(context, messages)] == ["bounced"]


def test_the_order_in_which_things_are_told_does_not_matter(context: Context) -> None:
    """Delivered, delayed, bounced and a complaint, each way round, also all at once."""
    orders = list(permutations(range(4)))
    sent(context, len(orders))
    for number, order in enumerate(orders, 1):
        several = [
            told(context, What.DELIVERED, f"{number}d", message_id=number),
            told(context, What.DELAYED, f"{number}l", message_id=number),
            told(context, What.BOUNCED, f"{number}b", message_id=number, **GONE),
            told(context, What.COMPLAINED, f"{number}c", message_id=number),
        ]
        if number % 2:
            tell(context, *(several[one] for one in order))
        else:
            for one in order:
                tell(context, several[one])
    assert {(row.state, row.delivered_at) for row in rows(context, messages)} == {("bounced", None)}
    assert sorted(kinds(context)) == ["complained"] * 24 + ["message_bounced"] * 24
    assert {refusal(context, number) for number in range(1, 25)} == {"complained"}


def test_what_arrived_is_noted_once(context: Context) -> None:
    """The first word counts, as the receiver's clock says it."""
    sent(context)
    first = context.clock.real() - timedelta(minutes=5)
    tell(context, told(context, What.DELIVERED, "a", message_id=1, at=first))
    tell(context, told(context, What.DELIVERED, "b", message_id=1))
    (message,) = rows(context, messages)
    assert (message.state, message.delivered_at) == ("sent", first)


@pytest.mark.parametrize("parts", [FULL, SPAM], ids=["full", "spam"])
def test_a_soft_bounce_leaves_the_address_open(context: Context, parts: dict[str, object]) -> None:
    """The mail did not arrive; the next may."""
    sent(context)
    tell(context, told(context, What.BOUNCED, message_id=1, **parts))
    (message,) = rows(context, messages)
    assert (message.state, message.reason, message.detail["hard"]) == ("bounced", "soft_bounce", False)
    assert refusal(context) == ""


def _daily(context: Context, clock: ManualClock, *returned: dict[str, Any] | None) -> None:
    """A mail a day, and what comes back of each; None: the receiver took it."""
    for parts in returned:
        number, what = another(context), What.DELIVERED if parts is None else What.BOUNCED
        tell(context, told(context, what, f"{number}", message_id=number, **parts or {}))
        clock.advance(timedelta(days=1))


def test_soft_bounces_on_several_days_close_the_address(context: Context, clock: ManualClock) -> None:
    """Five in fourteen days, with no sign that mail arrives."""
    sent(context)
    _daily(context, clock, *[FULL] * 4)
    assert refusal(context) == ""
    _daily(context, clock, FULL)
    assert refusal(context) == "bounced"
    assert rows(context, suppressions)[0].origin == "soft bounces"


def test_a_mail_that_arrived_between_begins_the_count_anew(context: Context, clock: ManualClock) -> None:
    """The mailbox was emptied."""
    sent(context)
    _daily(context, clock, FULL, FULL, None, FULL, FULL, FULL, FULL)
    assert refusal(context) == ""
    _daily(context, clock, FULL)
    assert refusal(context) == "bounced"


def test_a_person_who_reads_is_alive(context: Context, clock: ManualClock) -> None:
    """As a click says."""
    sent(context)
    _daily(context, clock, *[FULL] * 4)
    with context.database.write() as conn:
        record(conn, Activity(1, Kind.CLICKED, clock.engine(), "lead", "test"), real=clock.real())
    clock.advance(timedelta(hours=1))
    _daily(context, clock, FULL)
    assert refusal(context) == ""


def test_reasons_about_us_never_close_an_address(context: Context, clock: ManualClock) -> None:
    """However often."""
    sent(context)
    _daily(context, clock, *[SPAM] * 8)
    assert refusal(context) == ""
    assert {row.outcome for row in rows(context, returns)} == {"ours"}


def test_a_forged_bounce_changes_nothing(context: Context) -> None:
    """An address that we never wrote to, one of somebody else's mail, and a mail that quotes another's Message-ID."""
    sent(context, 2)
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == 2).values(state="queued", gone_at=None, address=None))
    before = rows(context, messages)
    header = before[0].header_id
    told_ones = [
        told(context, What.BOUNCED, "never", address="lead2@example.com", **GONE),
        told(context, What.BOUNCED, "stranger", address="who@example.org", **GONE),
        told(context, What.BOUNCED, "quoted", address="lead2@example.com", header_id=header, **GONE),
        told(context, What.COMPLAINED, "spam", address="lead1@example.com"),
    ]
    assert tell(context, *told_ones).outcomes == {"bounced:unproven": 2, "bounced:nobody": 1, "complained:unproven": 1}
    assert rows(context, messages) == before
    assert rows(context, suppressions) == []


def test_an_address_alone_is_believed_where_we_wrote_to_it_lately(context: Context, clock: ManualClock) -> None:
    """Of one mail we know which; of several only the address is closed; after a month nothing happens."""
    sent(context, 3)
    another(context, 2)
    tell(context, *(told(context, What.BOUNCED, f"{n}", address=f"lead{n}@example.com", **GONE) for n in (1, 2)))
    assert [row.state for row in rows(context, messages)] == ["bounced", "sent", "sent", "sent"]
    assert [row.message_id for row in rows(context, activities)] == [1, None]
    clock.advance(timedelta(days=31))
    tell(context, told(context, What.BOUNCED, "late", address="lead3@example.com", **GONE))
    assert [refusal(context, n) for n in (1, 2, 3)] == ["bounced", "bounced", ""]


def test_an_address_alone_proves_nothing_where_our_bounces_are_signed(context: Context) -> None:
    """A stranger's notice is put before a person; what a provider's webhook tells is believed."""
    signing = replace(context, settings=replace(context.settings, bounce_address="bounces@anphat.example"))
    sent(context, 2)
    forged = told(context, What.BOUNCED, "forged", address="lead1@example.com", **GONE)
    proven = told(context, What.BOUNCED, "proven", source="ses", address="lead2@example.com", **GONE)
    assert tell(signing, forged, proven).outcomes == {"bounced:unproven": 1, "bounced:done": 1}
    assert [row.state for row in rows(context, messages)] == ["sent", "bounced"]
    assert [refusal(context, n) for n in (1, 2)] == ["", "bounced"]
    assert [row.state for row in rows(context, returns)] == ["waiting", ""]


def test_a_hundred_take_as_many_statements_as_ten(context: Context) -> None:
    """Of every kind together."""
    sent(context, 110)
    kinds_of = (What.DELIVERED, What.BOUNCED, What.COMPLAINED, What.REPLIED, What.UNSUBSCRIBED)
    counts = []
    for span in (range(1, 11), range(11, 111)):
        batch = [
            told(
                context, kinds_of[n % 5], f"{n}", message_id=n, text="Giá bao nhiêu?", source="ses",
                sender=f"lead{n}@example.com", **(FULL if n % 2 else GONE) if n % 5 == 1 else {},
            )
            for n in span
        ]  # fmt: skip
        with counted(context) as seen:
            tell(context, *batch)
        counts.append(seen.total())
    assert counts[0] == counts[1] <= 60


@pytest.mark.parametrize("state", ["unknown", "queued", "deferred"])
def test_what_its_receiver_has_is_sent_and_never_sent_again(context: Context, state: str) -> None:
    """Nobody has to resolve it, and one that was to go once more does not; one that was never tried stays."""
    sent(context, 2, state=state)
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == 2).values(state="queued", attempts=0, gone_at=None))
    tell(context, told(context, What.DELIVERED, "a", message_id=1), told(context, What.DELIVERED, "b", message_id=2))
    one, other = rows(context, messages)
    assert (one.state, one.delivered_at is not None, one.ended_at is not None) == ("sent", True, True)
    assert (other.state, other.delivered_at) == ("queued", None)
    assert kinds(context) == ["message_sent"]


def test_an_answer_that_never_came_is_no_doubt_where_the_receiver_told_first(context: Context) -> None:
    """Its word overtakes the report of the sender, which lost the line after the dot."""
    sent(context, state="sending")
    with context.database.write() as conn:
        conn.execute(messages.update().values(lease_holder="s1", fence=1))
    tell(context, told(context, What.DELIVERED, message_id=1))
    with context.database.write() as conn:
        settle(conn, context, "s1", "smtp", [Report(1, 1, Phase.DOT)])
    assert [row.state for row in rows(context, messages)] == ["sent"]


def test_what_names_no_mail_counts_once_a_day(context: Context, clock: ManualClock) -> None:
    """Mailbox and provider tell the same bounce, one of them by the address alone: neither line nor count is double."""
    sent(context)
    address = "lead1@example.com"
    for day in range(4):
        number = another(context)
        names = {"message_id": number} if day % 2 else {}
        tell(context, told(context, What.BOUNCED, f"{day}", address=address, **names, **FULL))
        tell(context, told(context, What.BOUNCED, f"{day}", address=address, source="ses", **FULL))
        clock.advance(timedelta(days=1))
    assert refusal(context) == ""
    bounced = [row for row in rows(context, activities) if row.kind == "message_bounced"]
    assert len({(row.message_id, row.occurred_at) for row in bounced}) == len(bounced)
    number = another(context)
    tell(context, told(context, What.BOUNCED, "last", message_id=number, **FULL))
    assert refusal(context) == "bounced"
