"""A campaign changes under leads that are under way: kept, moved by step id, or begun anew; one transaction."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.definition import from_revision
from nurture.campaigns.landing import Standing, UnderWay
from nurture.campaigns.load import Folder, load
from nurture.campaigns.model import Campaign
from nurture.campaigns.store import get
from nurture.engine.moving import landings, settle_under_way
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from nurture.segments import store as segment_store
from tests.storage.ticking import (
    HELLO,
    SEGMENTS,
    add_leads,
    apply,
    clock,
    hand_over,
    publish_emails,
    three_waiting,
)

LONGER = HELLO.replace("2 days", "5 days")
SHORTER = HELLO.replace("2 days", "6 hours")
WITHOUT = HELLO.replace("  - {id: breathe, wait: 2 days}\n", "")
CUT = HELLO.split("  - {id: breathe")[0]


@pytest.fixture
def waiting(context: Context) -> Context:
    """Three leads have got the first email, and wait since then."""
    return three_waiting(context)


def _change(context: Context, text: str, choice: UnderWay) -> int:
    apply(context, text)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        facts = segment_store.facts(conn)
        return settle_under_way(conn, "hello", _campaign(conn), choice, facts, now=now, real=real)


def _campaign(conn: sa.Connection) -> Campaign:
    stored = get(conn, "hello")
    assert stored is not None
    return from_revision(stored.definition, segment_store.facts(conn))


def _places(context: Context) -> list[Any]:
    with context.database.read() as conn:
        return list(conn.execute(sa.select(enrollments).order_by(enrollments.c.id)).all())


def _sent(context: Context, email: str) -> int:
    with context.database.read() as conn:
        query = sa.select(sa.func.count()).where(messages.c.template_key == email)
        return int(conn.execute(query).scalar_one())


def test_what_is_kept_goes_on_by_its_own_revision(waiting: Context) -> None:
    """The wait of two days ends after two days, though the campaign now waits for five."""
    assert _change(waiting, LONGER, UnderWay.KEEP) == 0
    clock(waiting).advance(timedelta(days=2, minutes=1))
    tick(waiting)
    assert _sent(waiting, "again") == 3


def test_what_is_moved_meets_the_step_as_it_is_now(waiting: Context) -> None:
    """The wait of five days counts from the instant at which the leads came to it."""
    came = _places(waiting)[0].arrived_at
    assert _change(waiting, LONGER, UnderWay.MOVE) == 3
    tick(waiting)
    assert {one.due_at - came for one in _places(waiting)} == {timedelta(days=5)}
    clock(waiting).advance(timedelta(days=5, minutes=1))
    tick(waiting)
    assert _sent(waiting, "again") == 3


def test_a_wait_that_became_shorter_is_over_at_once(waiting: Context) -> None:
    """Six hours instead of two days, a day after: the next email is written, planned for then."""
    came = _places(waiting)[0].arrived_at
    clock(waiting).advance(timedelta(days=1))
    _change(waiting, SHORTER, UnderWay.MOVE)
    tick(waiting)
    with waiting.database.read() as conn:
        planned = set(
            conn.execute(sa.select(messages.c.planned_at).where(messages.c.template_key == "again")).scalars()
        )
    assert planned == {came + timedelta(hours=6)}


def test_a_step_that_is_gone_hands_on_to_the_next_that_is_left(waiting: Context) -> None:
    """With a decision that says from where to where."""
    _change(waiting, WITHOUT, UnderWay.MOVE)
    assert {one.step for one in _places(waiting)} == {"second"}
    with waiting.database.read() as conn:
        said = conn.execute(sa.select(decisions).where(decisions.c.outcome == "moved")).all()
    assert [(one.reason, one.detail["before"], one.detail["after"]) for one in said] == [
        ("revision_moved", "breathe", "second")
    ] * 3
    tick(waiting)
    assert _sent(waiting, "again") == 3


def test_where_nothing_is_left_the_campaign_is_done(waiting: Context) -> None:
    """The leads complete it at the next tick."""
    _change(waiting, CUT, UnderWay.MOVE)
    tick(waiting)
    assert {(one.state, one.reason) for one in _places(waiting)} == {("completed", "done")}


def test_who_begins_anew_leaves_and_comes_in_again(waiting: Context) -> None:
    """With the reason on the old enrollment, and the first email once more."""
    assert _change(waiting, LONGER, UnderWay.RESTART) == 3
    tick(waiting)
    places = _places(waiting)
    assert [(one.state, one.reason) for one in places[:3]] == [("exited", "restarted")] * 3
    assert [one.state for one in places[3:]] == ["active"] * 3
    assert _sent(waiting, "hello") == 6


def test_a_mail_that_waits_is_neither_lost_nor_doubled_by_a_move(context: Context) -> None:
    """Moved while the first email is written and has not gone."""
    publish_emails(context, "hello", "again")
    add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    _change(context, LONGER, UnderWay.MOVE)
    tick(context)
    assert _sent(context, "hello") == 2
    hand_over(context)
    tick(context)
    assert _sent(context, "hello") == 2
    assert {one.waits_for for one in _places(context)} == {None}


def test_the_plan_says_where_each_lands(waiting: Context) -> None:
    """Step by step with counts, before anything is written."""
    with waiting.database.read() as conn:
        facts = segment_store.facts(conn)
        found = landings(conn, "hello", _read(LONGER, conn), facts)
        gone = landings(conn, "hello", _read(WITHOUT, conn), facts)
        same = landings(conn, "hello", _campaign(conn), facts)
    assert [(one.step, one.count, one.landing.step, one.landing.standing) for one in found] == [
        ("breathe", 3, "breathe", Standing.CHANGED)
    ]
    assert [(one.step, one.landing.step, one.landing.standing) for one in gone] == [
        ("breathe", "second", Standing.GONE)
    ]
    assert same == []


def _read(text: str, conn: sa.Connection) -> Campaign:
    loaded = load(
        Folder({"hello.yaml": text}, {"segments": ("_shared/segments.yaml", SEGMENTS)}), segment_store.facts(conn)
    )
    return loaded.campaigns[0][0]
