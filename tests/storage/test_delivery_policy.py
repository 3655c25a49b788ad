"""The policy of the house at the go: the latest counts, over all campaigns, whatever workers race for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.house import publish
from nurture.campaigns.tables import campaigns
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.engine import held
from nurture.engine.silence import look_again
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from nurture.policy import store as policy_store
from nurture.policy.tables import runs
from nurture.users.model import Person, Role
from nurture.users.tables import users
from tests.faults.ground import fill

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MARKETER = Person(1, "Lan", "lan@anphat.example", Role.MARKETER)


def _house(ctx: Context, text: str) -> None:
    with ctx.database.write() as conn:
        publish(conn, text, ctx.clock.engine())


def _set(ctx: Context, table: sa.Table, number: int | None = None, **values: Any) -> None:
    with ctx.database.write() as conn:
        change = table.update().values(**values)
        conn.execute(change if number is None else change.where(table.c.id == number))


def _reserve(ctx: Context, sender: str = "s1", limit: int = 64) -> list[int]:
    with ctx.database.write() as conn:
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": ctx.database.now(conn)}
        return store.reserve(conn, sender, limit, lease=timedelta(seconds=60), **times)


def _go(ctx: Context, ids: list[int], sender: str = "s1") -> list[int]:
    with ctx.database.write() as conn:
        return [one.message_id for one in go(conn, ctx, sender, ids, at=ctx.database.now(conn))]


def _send(ctx: Context) -> list[int]:
    return _go(ctx, _reserve(ctx))


def _row(ctx: Context, number: int = 1) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(messages).where(messages.c.id == number)).one()


def _said(ctx: Context, number: int = 1) -> tuple[str, str]:
    row = _row(ctx, number)
    return row.state, row.reason


def _campaign(ctx: Context, **values: Any) -> None:
    with ctx.database.write() as conn:
        row = {"id": 1, "key": "c", "name": {"vi": "C", "en": "C"}, "state": "live", **values}
        conn.execute(campaigns.insert().values(**row, created_at=ctx.clock.engine()))


def test_the_policy_that_is_live_at_the_go_counts(context: Context, clock: ManualClock) -> None:
    """Written under another, or under none."""
    fill(context, 2)
    _house(context, 'quiet_hours: {from: "08:00", to: "11:00"}')
    assert _send(context) == []
    opens = clock.engine() + 2 * HOUR
    assert (_said(context), _row(context).not_before) == (("queued", "quiet_hours"), opens)
    _house(context, 'quiet_hours: {from: "20:00", to: "08:00"}')
    clock.advance(2 * HOUR)
    assert _send(context) == [1, 2]


def test_what_answers_the_lead_is_never_held_back(context: Context) -> None:
    """And mail of a class that the policy leaves alone is not, either."""
    fill(context, 3)
    _set(context, messages, 1, class_="transactional")
    _set(context, messages, 2, class_="care")
    _house(context, 'quiet_hours: {from: "08:00", to: "11:00"}\nclasses: [advertising]')
    assert _send(context) == [1, 2]


def test_over_tet_it_waits_or_is_left_out_as_the_house_says(context: Context, clock: ManualClock) -> None:
    """Held until the stop is over; after the switch what comes due in it is dropped."""
    fill(context, 2)
    _set(context, messages, 2, not_before=clock.engine() + 90 * DAY)
    clock.advance(91 * DAY)  # 1 February 2027
    _house(context, "tet: {before: 7, after: 5}")
    ids = _reserve(context)
    assert _go(context, ids[:1]) == []
    assert (_said(context), _row(context).not_before.date().isoformat()) == (("queued", "holiday"), "2027-02-11")
    _house(context, "tet: {before: 7, after: 5, during: drop}")
    assert _go(context, ids[1:]) == []
    assert _said(context, 2) == ("skipped", "holiday_dropped")


def test_two_mails_to_one_lead_keep_the_gap(context: Context, clock: ManualClock) -> None:
    """Also within one go; a one-time email waits for it too."""
    fill(context, 2)
    _set(context, messages, lead_id=1)
    _set(context, messages, 2, purpose="broadcast")
    _house(context, "gap: 20 hours")
    assert _send(context) == [1]
    assert (_said(context, 2), _row(context, 2).not_before) == (("queued", "gap"), clock.engine() + 20 * HOUR)
    clock.advance(20 * HOUR)
    assert _send(context) == [2]


def test_of_three_campaigns_the_most_urgent_gets_the_only_slot(context: Context, clock: ManualClock) -> None:
    """A cap of one over all of them."""
    fill(context, 3)
    _set(context, messages, lead_id=1)
    _set(context, messages, 2, priority=1)
    _house(context, "cap: 1 in 7 days")
    assert _send(context) == [2]
    assert [_said(context, number) for number in (1, 3)] == [("queued", "capped")] * 2
    assert _row(context, 3).not_before == clock.engine() + 7 * DAY


def test_one_that_stands_behind_in_line_lets_the_other_worker_go_first(context: Context, clock: ManualClock) -> None:
    """The more urgent mail is reserved elsewhere; the other asks again a moment later, and is over the cap then."""
    fill(context, 2)
    _set(context, messages, lead_id=1)
    _set(context, messages, 2, priority=1)
    _house(context, "cap: 1 in 7 days")
    urgent, other = _reserve(context, "s1", 1), _reserve(context, "s2", 1)
    assert (urgent, other) == ([2], [1])
    assert _go(context, other, "s2") == []
    assert (_said(context), _row(context).retry_at) == (("queued", ""), clock.real() + timedelta(seconds=2))
    assert _go(context, urgent, "s1") == [2]
    clock.advance(timedelta(seconds=2))
    assert _send(context) == []
    assert _said(context) == ("queued", "capped")


@pytest.mark.postgres
def test_workers_that_race_give_away_each_slot_once_by_priority(
    postgres_url: str, clock: ManualClock, tmp_path: Any
) -> None:
    """Thirty leads, three campaigns each, a cap of two, four workers at once: the two most urgent of each go."""
    from nurture.kernel.database import Database
    from nurture.kernel.settings import read_settings
    from nurture.kernel.signing import new_ring

    database = Database(postgres_url)
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": postgres_url})
    ctx = Context(settings, database, clock, new_ring())
    fill(ctx, 90)
    with database.write() as conn:
        for number in range(1, 91):
            to = {"lead_id": (number - 1) // 3 + 1, "priority": 3 - number % 3}
            conn.execute(messages.update().where(messages.c.id == number).values(**to))
    _house(ctx, "cap: 2 in 7 days")
    start = threading.Barrier(4)

    def work(sender: str) -> list[int]:
        gone: list[int] = []
        start.wait(10)
        for _ in range(60):
            ids = _reserve(ctx, sender, 7)
            gone += _go(ctx, ids, sender) if ids else []
        return gone

    with ThreadPoolExecutor(4) as pool:
        gone = sorted(one for part in pool.map(work, ["s1", "s2", "s3", "s4"]) for one in part)
    for _ in range(10):  # those that let another go first
        clock.advance(timedelta(seconds=2))
        gone += _send(ctx)
    database.close()
    assert len(gone) == len(set(gone)) == 60
    assert {one % 3 for one in gone} == {1, 2}


def _deal(ctx: Context, state: str = "open") -> None:
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        who = {"id": 4, "email": "minh@anphat.example", "name": "Minh", "role": "sales", "working_hours": {}}
        conn.execute(users.insert().values(**who, created_at=now))
        row = {"id": 1, "public_id": "d1", "lead_id": 1, "owner_id": 4, "pipeline": "sales", "name": "A deal"}
        more = {"stage": "new", "state": state, "automatic": False, "criteria": [], "cause": "t", "opened_at": now}
        conn.execute(opportunities.insert().values(**row, **more, stage_since=now))


def test_advertising_waits_while_a_deal_is_open_and_goes_when_it_is_closed(context: Context) -> None:
    """With the name of whoever works on it; care goes on."""
    fill(context, 2)
    _set(context, messages, lead_id=1)
    _set(context, messages, 2, class_="care")
    _deal(context)
    assert _send(context) == [2]
    assert (_said(context), _row(context).detail) == (("queued", "deal_open"), {"owner": "Minh"})
    assert _reserve(context) == []
    _set(context, opportunities, 1, state="won")
    with context.database.write() as conn:
        assert look_again(conn, [1], now=context.clock.engine()) == 1
    assert _send(context) == [1]


@pytest.mark.parametrize(("column", "reason"), [("paused_at", "paused_by_hand"), ("replied_at", "replied")])
def test_a_stop_and_a_reply_hold_campaigns_and_leave_out_one_time_emails(
    context: Context, column: str, reason: str
) -> None:
    """What a campaign wrote goes on from there; a one-time email's moment is over."""
    fill(context, 3)
    _set(context, leads, **{column: context.clock.engine()})
    _set(context, messages, 2, purpose="broadcast")
    _set(context, messages, 3, class_="deal")
    assert _send(context) == [3]
    assert [_said(context, number) for number in (1, 2)] == [("queued", reason), ("skipped", reason)]


def _standstill(ctx: Context, clock: ManualClock, span: timedelta) -> None:
    """The engine ran until now, and runs again after the span."""
    with ctx.database.write() as conn:
        policy_store.beat(conn, clock.engine() - timedelta(minutes=5))
        policy_store.beat(conn, clock.engine())
    clock.advance(span)
    with ctx.database.write() as conn:
        policy_store.beat(conn, clock.engine())


LATE = 'quiet_hours: {from: "20:00", to: "08:00"}\nlate_start: 6 hours\n'


def test_after_a_long_standstill_what_is_late_waits_for_a_person(context: Context, clock: ManualClock) -> None:
    """Once it is held no worker takes it again; let go, it goes now."""
    fill(context, 2)
    _house(context, LATE)
    _set(context, messages, 2, not_before=clock.engine() + 23 * HOUR)
    _standstill(context, clock, 24 * HOUR)
    assert _send(context) == [2]
    assert (_said(context), _row(context).detail) == (("queued", "held_late"), {"hours": 6.0})
    assert _reserve(context) == []
    with context.database.write() as conn:
        assert [(one.campaign, one.count) for one in held.piles(conn)] == [(None, 1)]
        assert [one.id for one in held.listed(conn)] == ["message:1"]
        now = clock.engine()
        assert held.decide_by(conn, None, "release", ids=["message:1"], now=now, real=clock.real()) == 1
    assert _send(context) == [1]


def test_a_late_mail_that_is_dropped_is_left_out_with_the_reason(context: Context, clock: ManualClock) -> None:
    """And the decision is kept."""
    fill(context, 1)
    _campaign(context)
    _set(context, messages, campaign_id=1)
    _house(context, LATE)
    _standstill(context, clock, 24 * HOUR)
    assert _send(context) == []
    with context.database.write() as conn:
        assert held.decide_by(conn, None, "drop", campaign="c", now=clock.engine(), real=clock.real()) == 1
        assert conn.execute(sa.select(decisions.c.reason)).scalars().all() == ["late_dropped"]
        assert held.piles(conn, "c") == []
    assert _said(context) == ("skipped", "late_dropped")


def test_a_short_standstill_and_one_at_night_hold_nothing(context: Context, clock: ManualClock) -> None:
    """Five hours of the day; then a night and an hour."""
    fill(context, 2)
    _house(context, LATE)
    _set(context, messages, 2, not_before=clock.engine() + 10 * HOUR)
    _standstill(context, clock, 5 * HOUR)
    assert _send(context) == [1]
    clock.advance(5 * HOUR)
    _standstill(context, clock, 14 * HOUR)
    assert _send(context) == [2]


def test_a_wait_for_the_relay_is_not_late(context: Context, clock: ManualClock) -> None:
    """The engine ran all the time."""
    fill(context, 1)
    _house(context, LATE)
    began = clock.engine()
    clock.advance(48 * HOUR)
    with context.database.write() as conn:
        conn.execute(runs.insert().values(began_at=began, seen_at=clock.engine() - timedelta(minutes=1)))
    assert _send(context) == [1]


def test_a_campaign_that_a_person_lets_go_on_is_not_late(context: Context, clock: ManualClock) -> None:
    """Whatever stood still while it was paused: to resume is a person's word."""
    fill(context, 1)
    _campaign(context)
    _set(context, messages, campaign_id=1)
    _house(context, LATE)
    _standstill(context, clock, 48 * HOUR)
    _set(context, campaigns, 1, resumed_at=clock.engine())
    assert _send(context) == [1]


def test_only_who_defines_campaigns_decides_about_late_mails(context: Context, clock: ManualClock) -> None:
    """And what somebody has decided already is not there any more."""
    seller = Person(2, "Minh", "minh@anphat.example", Role.SALES)
    with context.database.write() as conn, pytest.raises(ForbiddenError):
        held.decide_by(conn, seller, "release", now=clock.engine(), real=clock.real())
    with context.database.write() as conn, pytest.raises(NotFoundError):
        held.decide_by(conn, MARKETER, "drop", ids=["message:9"], now=clock.engine(), real=clock.real())
