"""Settling: what a sender found out counts once, for the fence it was given."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities, reactions
from nurture.consents.store import standing
from nurture.delivery import route, store
from nurture.delivery.bounce import BounceReason
from nurture.delivery.go import go
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import LaterBounce, Settled, bounced_later, settle
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.messages.tables import attempts, messages
from tests.faults.ground import fill, frozen

SENT = Report(1, 1, Phase.ANSWERED, 250, "2.0.0", "2.0.0 ok")
LATER = Report(1, 1, Phase.RCPT, 450, "4.2.0", "4.2.0 greylisted")
NOBODY = Report(1, 1, Phase.RCPT, 550, "5.1.1", "5.1.1 unknown")
PAUSED = Report(1, 1, Phase.AUTH, 535, "5.7.8", "5.7.8 wrong password")


def _under_way(ctx: Context, count: int = 1) -> None:
    fill(ctx, count)
    _again(ctx)


def _again(ctx: Context) -> None:
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, "s1", 64, lease=timedelta(seconds=60), **times)
        go(conn, ctx, "s1", ids, at=at)


def _settle(ctx: Context, *reports: Report, sender: str = "s1") -> Settled:
    with ctx.database.write() as conn:
        settled = settle(conn, ctx, sender, "smtp", reports)
        route.note(conn, "smtp", settled, ctx.clock.real())
        return settled


def _all(ctx: Context, table: sa.Table) -> list[Any]:
    with ctx.database.read() as conn:
        return list(conn.execute(sa.select(table).order_by(*table.primary_key)).all())


def _row(ctx: Context) -> Any:
    return _all(ctx, messages)[0]


def test_a_sent_message_stands_in_account_attempts_and_timeline(context: Context, clock: ManualClock) -> None:
    """With one line each."""
    _under_way(context)
    assert _settle(context, SENT).states == {"sent": 1}
    row, (attempt,), (activity,) = _row(context), _all(context, attempts), _all(context, activities)
    assert (row.state, row.reason, row.attempts, row.ended_at) == ("sent", "", 1, clock.engine())
    assert (row.lease_holder, row.lease_until, row.gone_at) == (None, None, clock.engine())
    assert (attempt.phase, attempt.outcome, attempt.code, attempt.route) == ("answered", "sent", 250, "smtp")
    assert (activity.kind, activity.message_id, activity.email_key) == ("message_sent", 1, "hello")


@pytest.mark.parametrize(
    ("report", "sender"),
    [(SENT, "s2"), (Report(1, 2, Phase.ANSWERED, 250), "s1"), (Report(9, 1, Phase.ANSWERED, 250), "s1")],
    ids=["other holder", "other fence", "other message"],
)
def test_a_report_of_another_holder_or_fence_changes_nothing(context: Context, report: Report, sender: str) -> None:
    """It was taken from that sender."""
    _under_way(context)
    assert _settle(context, report, sender=sender) == Settled()
    assert (_row(context).state, _all(context, attempts)) == ("sending", [])


def test_the_same_report_twice_counts_once(context: Context) -> None:
    """A journal and a pipe may tell the same."""
    _under_way(context)
    _settle(context, SENT)
    _settle(context, SENT)
    assert (len(_all(context, attempts)), len(_all(context, activities))) == (1, 1)


@pytest.mark.parametrize(
    ("report", "kept"),
    [
        (SENT, False),
        (NOBODY, False),
        (Report(1, 1, Phase.DOT), False),
        (LATER, True),
        (Report(1, 1, Phase.HELD), True),
    ],
    ids=["sent", "bounced", "unknown", "deferred", "given back"],
)
def test_a_link_of_one_use_is_blanked_when_its_mail_has_ended(context: Context, report: Report, kept: bool) -> None:
    """What comes again keeps it."""
    _under_way(context)
    with context.database.write() as conn:
        conn.execute(messages.update().values(purpose="account", values_={"link": "https://an.example/once"}))
    _settle(context, report)
    assert (bool(_row(context).values_), bool(frozen(context, 1))) == (kept, kept)


@pytest.mark.parametrize(
    ("report", "kept"),
    [(SENT, False), (NOBODY, False), (LATER, True), (Report(1, 1, Phase.HELD), True), (Report(1, 1, Phase.DOT), True)],
    ids=["sent", "bounced", "deferred", "given back", "unknown"],
)
def test_what_a_mail_was_made_with_goes_when_it_is_not_sent_again(
    context: Context, report: Report, kept: bool
) -> None:  # fmt: skip
    """One that may have gone can be sent again, the same, until somebody says that it had gone."""
    _under_way(context)
    assert frozen(context, 1) is not None
    _settle(context, report)
    made = frozen(context, 1)
    assert (made is not None and made["lead"]["given_name"] == "Minh") is kept


def test_a_deferred_message_comes_back_and_expires_after_three_days(context: Context, clock: ManualClock) -> None:
    """Later each time; it is never called a bounce."""
    _under_way(context)
    start, fence, state = clock.real(), 1, ""
    while fence < 100:
        _settle(context, Report(1, fence, Phase.RCPT, 450, "4.2.0", "4.2.0 later"))
        state = _row(context).state
        if state != "deferred":
            break
        assert _row(context).retry_at > clock.real()
        clock.advance(_row(context).retry_at - clock.real())
        _again(context)
        fence += 1
    row = _row(context)
    assert (row.state, row.reason, row.attempts) == ("rejected", "expired", fence)
    assert timedelta(days=2) < clock.real() - start <= timedelta(days=3)
    assert _all(context, activities) == []


def test_what_was_given_back_is_as_if_it_had_not_begun(context: Context) -> None:
    """No attempt, and nothing that counts for a cap."""
    _under_way(context)
    _settle(context, Report(1, 1, Phase.HELD))
    row = _row(context)
    assert (row.state, row.attempts, row.gone_at, row.lease_holder) == ("queued", 0, None, None)
    assert _all(context, attempts) == []


def test_an_address_that_does_not_exist_is_not_written_to_again(context: Context) -> None:
    """It is suppressed, and somebody reacts."""
    _under_way(context)
    assert _settle(context, NOBODY).reacts
    with context.database.read() as conn:
        stands = standing(conn, context.keys, [(1, "lead1@example.com")])[1]
    assert stands.refusal("transactional") is not None
    assert [one.kind for one in _all(context, activities)] == ["message_bounced"]
    assert len(_all(context, reactions)) == 1


def test_a_route_pauses_longer_each_time_and_opens_when_something_goes(context: Context, clock: ManualClock) -> None:
    """Trouble that comes together with success is not the route's."""
    _under_way(context, 2)
    _settle(context, PAUSED)
    (row,) = _all(context, store.routes)
    assert (row.state, row.reason, row.failures) == ("paused", "535 5.7.8 wrong password", 1)
    with context.database.read() as conn:
        assert not route.is_open(conn, "smtp", clock.real())
    clock.advance(row.retry_at - row.since)
    with context.database.read() as conn:
        assert route.is_open(conn, "smtp", clock.real())
    _settle(context, Report(2, 1, Phase.ANSWERED, 250))
    (row,) = _all(context, store.routes)
    assert (row.state, row.reason, row.failures) == ("open", "", 0)


def test_one_odd_refusal_among_others_does_not_pause_the_route(context: Context) -> None:
    """The rest of the batch went."""
    _under_way(context, 2)
    odd = Report(1, 1, Phase.RCPT, 554, "5.7.1", "5.7.1 Relay access denied")
    _settle(context, odd, Report(2, 1, Phase.ANSWERED, 250))
    assert _all(context, store.routes) == []


def test_a_copied_installation_keeps_everything_in(context: Context) -> None:
    """Until it is claimed; the route's row says why."""
    table = sa.Table("installation", messages.metadata)
    now = context.clock.real()
    with context.database.write() as conn:
        values = {"id": 1, "instance": "x", "place": "y", "created_at": now, "stopped_sending": "moved"}
        conn.execute(table.insert().values(**values))
        reason = route.guard(conn, context)
        route.keep_in(conn, "smtp", reason, now)
    (row,) = _all(context, store.routes)
    assert (row.state, row.reason) == ("paused", route.COPIED)
    assert "claim" in route.sentence(row.reason, "en")
    assert route.sentence(row.reason, "vi") != route.sentence(row.reason, "en")


def _later(ctx: Context, *found: LaterBounce) -> list[int]:
    with ctx.database.write() as conn:
        return bounced_later(conn, ctx, found)


def test_a_bounce_that_comes_later_takes_the_place_of_sent_once(context: Context) -> None:
    """With the reason in the account and in the timeline, to be reacted to; the address is the caller's matter."""
    _under_way(context, 2)
    _settle(context, SENT, Report(2, 1, Phase.DOT))
    full = LaterBounce(2, BounceReason.UNKNOWN, {"answer": "552 5.2.2 over quota"})
    gone = LaterBounce(1, BounceReason.NO_SUCH_USER, {"answer": "550 5.1.1 gone"})
    assert _later(context, full, gone, LaterBounce(1, BounceReason.UNKNOWN), LaterBounce(99, BounceReason.UNKNOWN)) == [
        1,
        2,
    ]
    assert _later(context, gone) == []
    first, second = _all(context, messages)
    told = {"answer": "550 5.1.1 gone", "hard": True, "reason": "no_such_user"}
    assert (first.state, first.reason, first.detail) == ("bounced", "hard_bounce", told)
    assert (second.state, second.reason, second.detail["hard"]) == ("bounced", "soft_bounce", False)
    kept = [one for one in _all(context, activities) if one.kind == "message_bounced"]
    assert [(one.message_id, one.detail["hard"], one.email_key) for one in kept] == [
        (1, True, "hello"),
        (2, False, "hello"),
    ]
    assert len(_all(context, reactions)) == 2


def test_a_bounce_that_overtakes_the_report_of_its_sending_counts(context: Context) -> None:
    """The report that comes after it changes nothing."""
    _under_way(context)
    assert _later(context, LaterBounce(1, BounceReason.NO_SUCH_USER)) == [1]
    assert _settle(context, SENT) == Settled()
    row = _row(context)
    assert (row.state, row.lease_holder, row.lease_until) == ("bounced", None, None)


def test_what_waits_is_not_called_bounced(context: Context) -> None:
    """A message that the relay never took has nothing that could come back."""
    _under_way(context)
    _settle(context, LATER)
    assert _later(context, LaterBounce(1, BounceReason.NO_SUCH_USER)) == []
    assert _row(context).state == "deferred"
