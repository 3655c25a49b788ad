"""Relays share one database: a day's quota, rates, complaints and pauses hold for all who hand over."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from nurture.delivery import complaints, relay_store, route, store
from nurture.delivery.desk import Desk, Seat
from nurture.delivery.go import go
from nurture.delivery.letter import Letter
from nurture.delivery.limits import Limits
from nurture.delivery.model import Connection, Phase, Report
from nurture.delivery.overview import views
from nurture.delivery.relays import Route
from nurture.delivery.settle import settle
from nurture.delivery.state import Ads
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.faults.ground import fill

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
GMAIL = {n: f"lead{n}@gmail.com" for n in range(1, 400)}


def _route(key: str = "a", weight: int = 1, **limits: Any) -> Route:
    return Route(key, Connection(key, "127.0.0.1", 25), Limits(HANOI, **limits), weight=weight)


def _desk(ctx: Context, conn: sa.Connection, *routes: Route, room: int = 1_000) -> Desk:
    desk = Desk(conn, ctx.settings, routes, ctx.clock.real())
    desk.sit({one.key: [Seat(f"sender_{one.key}", room)] for one in routes}, {})
    return desk


def _send(ctx: Context, *routes: Route, most: int = 400, holder: str = "s1", room: int = 1_000) -> list[Letter]:
    """One turn: whatever may go, by the relays of a desk."""
    with ctx.database.write() as conn:
        desk = _desk(ctx, conn, *routes, room=room)
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, holder, most, lease=timedelta(minutes=5), **times)
        letters = go(conn, ctx, holder, ids, at=at, most=most, desk=desk)
        store.give_back(conn, holder)
        desk.save()
    return letters


def _waits(ctx: Context) -> Counter[tuple[str, datetime | None]]:
    with ctx.database.read() as conn:
        query = sa.select(messages.c.reason, messages.c.retry_at).where(messages.c.state == "queued")
        return Counter((row.reason, row.retry_at) for row in conn.execute(query))


def _by_sender(ctx: Context) -> Counter[str]:
    with ctx.database.read() as conn:
        query = sa.select(messages.c.lease_holder).where(messages.c.state == "sending")
        return Counter(holder for (holder,) in conn.execute(query))


def test_a_day_takes_its_quota_and_the_rest_is_booked_on_the_days_that_follow(context: Context) -> None:
    """In order; each mail that waits says on which day it goes, and is not looked at before."""
    fill(context, 120)
    small = _route(per_day=50)
    assert [one.message_id for one in _send(context, small)] == list(range(1, 51))
    midnight = context.clock.real().astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0)
    first, second = midnight + timedelta(days=1), midnight + timedelta(days=2)
    assert _waits(context) == {(Reason.QUOTA, first): 50, (Reason.QUOTA, second): 20}
    assert _send(context, small) == []
    with context.database.read() as conn:
        times = (context.clock.engine(), context.clock.real(), context.database.now(conn))
        assert not store.anything_waits(conn, *times)


def test_a_larger_quota_is_used_as_soon_as_a_process_has_it(context: Context) -> None:
    """What was put off by the old one is asked about anew when a process starts."""
    fill(context, 120)
    _send(context, _route(per_day=50))
    larger = _route(per_day=100)
    assert _send(context, larger) == []
    with context.database.write() as conn:
        assert relay_store.ask_again(conn, relay_store.BOOKED) == 70
    assert len(_send(context, larger)) == 50
    ((_, until),) = _waits(context)
    assert until is not None
    assert until - context.clock.real() < timedelta(days=1)


def test_on_the_next_day_the_quota_is_there_again(context: Context, clock: ManualClock) -> None:
    """At midnight where the relay counts; those who were told that day go on it."""
    fill(context, 60)
    small = _route(per_day=50)
    _send(context, small)
    clock.advance(timedelta(days=1))
    assert [one.message_id for one in _send(context, small)] == list(range(51, 61))


def test_two_workers_at_once_never_take_more_than_the_quota(context: Context) -> None:
    """Whoever is second sees what the first has taken."""
    fill(context, 200)
    small = _route(per_day=70)

    def work(number: int) -> int:
        return sum(len(_send(context, small, most=10, holder=f"s{number}")) for _ in range(8))

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(work, range(4)))
    assert sum(taken) == 70
    with context.database.read() as conn:
        (seen,) = views(conn, _settings(context, small), context.clock.real())
    assert seen.day_used == 70


def _settings(ctx: Context, one: Route) -> Any:
    """The settings of a house with that one relay."""
    from nurture.kernel.relays import RelayEntry, RelaysFile

    entry = RelayEntry(one.key, None, per_day=one.limits.per_day, warm_since=one.limits.warm_since,
                       warm_steps=one.limits.warm_steps)  # fmt: skip
    return replace(ctx.settings, relays_file=RelaysFile("relays.yaml", (entry,)))


def test_staff_have_a_reserve_of_the_day(context: Context) -> None:
    """Mail to leads leaves it; an alert goes although the day is used up for them."""
    fill(context, 30)
    small = _route(per_day=20, reserve=5)
    assert len(_send(context, small)) == 15
    now = context.clock.engine()
    with context.database.write() as conn:
        who = {"email": "ha@anphat.vn", "name": "Hà", "role": "sales", "working_hours": {}, "created_at": now}
        number = conn.execute(users.insert().values(who).returning(users.c.id)).scalar_one()
        own = {"purpose": "alert", "user_id": number, "lead_id": None, "retry_at": None, "priority": 1, "values_": {}}
        conn.execute(messages.update().where(messages.c.id == 30).values(own))
    assert [one.message_id for one in _send(context, small)] == [30]


def test_a_rate_is_kept_and_what_waits_comes_one_after_the_other(context: Context, clock: ManualClock) -> None:
    """Twenty a second: five at once, and the sixth a twentieth of a second later."""
    fill(context, 40)
    slow = _route(rate=20.0)
    assert len(_send(context, slow, most=6)) == 5
    ((reason, until),) = _waits(context).keys() - {("", None)}
    assert (reason, until) == (Reason.RELAY_RATE, context.clock.real() + timedelta(seconds=0.05))
    clock.advance(timedelta(seconds=0.2))
    assert len(_send(context, slow, most=6)) == 4


def test_mail_goes_by_weight_and_a_paused_relay_has_none(context: Context) -> None:
    """Three to one; a person's pause holds until a person ends it."""
    fill(context, 120)
    both = (_route("a", weight=3), _route("b"))
    _send(context, *both, most=80)
    assert _by_sender(context) == {"sender_a": 60, "sender_b": 20}
    with context.database.write() as conn:
        route.pause(conn, "a", "cli", context.clock.real())
    _send(context, *both, most=20)
    assert _by_sender(context) == {"sender_a": 60, "sender_b": 40}
    with context.database.write() as conn:
        route.pause(conn, "b", "cli", context.clock.real())
    assert _send(context, *both) == []
    assert {reason for reason, _ in _waits(context)} == {Reason.ROUTE_PAUSED}
    with context.database.write() as conn:
        assert route.resume(conn, "b", context.clock.real()) == 20
    assert len(_send(context, *both)) == 20


def test_a_domain_that_refuses_for_haste_is_slowed_down_and_the_others_are_not(
    context: Context, clock: ManualClock
) -> None:
    """A 421 of one provider: its domains get a rate, which grows again while nothing is refused."""
    fill(context, 60, odd={n: address for n, address in GMAIL.items() if n % 2})
    plain = _route()
    assert len(_send(context, plain, most=20)) == 20
    with context.database.write() as conn:
        desk = Desk(conn, context.settings, [plain], context.clock.real(), needed={"a"})
        desk.learn("a", {"gmail.com": "4.7.28"}, {"gmail.com": 10.0})
        desk.save()
    letters = _send(context, plain, most=40)
    assert {one.to_address.partition("@")[2] for one in letters} == {"example.com"}
    assert {reason for reason, _ in _waits(context)} == {Reason.DOMAIN_RATE}
    with context.database.read() as conn:
        (seen,) = views(conn, _settings(context, plain), context.clock.real())
    assert [(one.domain, one.rate, one.said) for one in seen.learned] == [("gmail.com", 1.0, "4.7.28")]
    clock.advance(timedelta(seconds=5))
    assert len(_send(context, plain)) == 1
    clock.advance(timedelta(hours=4))
    assert len(_send(context, plain)) == 19
    with context.database.read() as conn:
        assert relay_store.standing(conn)["a"].slowed_at is None


def test_a_warm_up_allows_more_on_each_day(context: Context, clock: ManualClock) -> None:
    """Its steps are days where the relay counts."""
    fill(context, 100)
    first = context.clock.real().astimezone(HANOI).date()
    warm = _route(per_day=90, warm_since=first, warm_steps=(5, 20))
    sent = []
    for _ in range(3):
        sent.append(len(_send(context, warm)))
        clock.advance(timedelta(days=1))
    assert sent == [5, 20, 75]
    with context.database.read() as conn:
        over = replace(warm, limits=replace(warm.limits, warm_since=date(2020, 1, 1)))
        (seen,) = views(conn, _settings(context, over), context.clock.real())
    assert (seen.is_warming, seen.day_limit) == (False, 90)


def test_what_the_relay_never_heard_of_does_not_count(context: Context) -> None:
    """Held back or not reached: given back to the day it was taken from."""
    fill(context, 20)
    small = _route(per_day=10)
    with context.database.write() as conn:
        desk = _desk(context, conn, small)
        desk.give_back("a", Counter())
    letters = _send(context, small)
    slot = Counter({_slot(context): 4})
    with context.database.write() as conn:
        desk = Desk(conn, context.settings, [small], context.clock.real())
        desk.give_back("a", slot)
        desk.save()
        route.resume(conn, "a", context.clock.real())
    assert (len(letters), len(_send(context, small))) == (10, 4)


def _slot(ctx: Context) -> datetime:
    from nurture.delivery.limits import slot_of

    return slot_of(ctx.clock.real())


@pytest.mark.parametrize(
    ("sent", "bad", "level"),
    [
        (1_000, 0, None),
        (1_000, 1, None),  # a slip of the finger
        (1_000, 2, Ads.WATCHED),
        (1_000, 3, Ads.WATCHED),  # 0.3 % is not over it
        (1_000, 4, Ads.PAUSED),
        (90, 3, None),  # too few to tell
        (10_000, 9, None),
        (10_000, 10, Ads.WATCHED),
    ],
)
def test_complaints_watch_or_stop_advertising(context: Context, sent: int, bad: int, level: Ads | None) -> None:
    """From one in a thousand on it is watched, over three advertising by that relay stops."""
    _complain(context, sent, bad)
    with context.database.read() as conn:
        row = relay_store.standing(conn).get("smtp")
    assert (row.ads if row is not None else None) == (level.value if level else None)


def _complain(ctx: Context, sent: int, bad: int) -> None:
    fill(ctx, max(bad, 1))
    real = ctx.clock.real()
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": real, "at": at}
        ids = store.reserve(conn, "s1", 64, lease=timedelta(minutes=1), **times)
        go(conn, ctx, "s1", ids, at=at)
        settle(conn, ctx, "s1", "smtp", [Report(n, 1, Phase.ANSWERED, 250, "2.0.0") for n in ids])
        relay_store.count(conn, "sent", "smtp", _slot(ctx), sent, "s1")
    for number in range(1, bad + 1):
        with ctx.database.write() as conn:
            complaints.note(conn, [number], real)


def test_over_the_limit_advertising_waits_for_a_person_and_other_mail_goes(context: Context) -> None:
    """Letting it go on begins a new count."""
    _complain(context, 500, 5)
    with context.database.write() as conn:
        again = {"state": "queued", "reason": "", "lease_until": None, "retry_at": None, "ended_at": None}
        conn.execute(messages.update().values(again))
        conn.execute(messages.update().where(messages.c.id == 1).values(class_="transactional"))
    smtp = _route("smtp")
    assert [one.message_id for one in _send(context, smtp)] == [1]
    assert {reason for reason, _ in _waits(context)} == {Reason.COMPLAINT_RATE}
    with context.database.write() as conn:
        assert route.resume(conn, "smtp", context.clock.real()) == 4
    assert len(_send(context, smtp)) == 4
    with context.database.write() as conn:
        complaints.note(conn, [2], context.clock.real())
        assert relay_store.standing(conn)["smtp"].ads is None
