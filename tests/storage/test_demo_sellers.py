"""The demo's sales team at work, on both databases: what it does, and what it leaves to whoever tries the demo."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.alerts.model import AlertState
from nurture.alerts.tables import alerts
from nurture.demo import sellers
from nurture.demo.selling import LEFT_ALONE
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads import desk
from nurture.leads.desk import Hand
from nurture.opportunities import service
from nurture.opportunities.model import NewOpportunity, OpportunityState, Pipeline
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.users.model import Person, Role
from nurture.users.tables import audit, sessions
from tests.storage.selling import lead, person, publish

HA = "ha@anphat.example"


@pytest.fixture
def pipeline(context: Context) -> Pipeline:
    """The gallery's, live."""
    return publish(context)[1]


@pytest.fixture
def ha(context: Context) -> Person:
    """One of the made-up salespeople."""
    return person(context, name="Ha", email=HA)


def _hot(context: Context, pipeline: Pipeline, owner: Person, name: str) -> int:
    """An opportunity that opened by itself just now, with its alert."""
    now = context.clock.engine()
    lead_id = lead(context, name)
    new = NewOpportunity(lead_id, owner_id=owner.id, automatic=True)
    with context.database.write() as conn:
        opened = service.open_(
            conn, new, pipeline, actor="engine", cause="x", now=now, real=now, zone=context.settings.local_zone
        )
        assert opened is not None
        values = {"key": f"x:{lead_id}", "trigger": "hot_lead", "lead_id": lead_id, "owner_id": owner.id,
                  "opportunity_id": opened.id, "state": AlertState.OPEN.value, "reasons": [],
                  "raised_at": now, "email": "none"}  # fmt: skip
        conn.execute(alerts.insert().values(values))
    return opened.id


def _several(context: Context, pipeline: Pipeline, owner: Person, count: int) -> list[int]:
    """One after the other, an hour apart."""
    found = []
    for number in range(count):
        found.append(_hot(context, pipeline, owner, f"L{number}"))
        _pass(context, timedelta(hours=1))
    return found


def _pass(context: Context, span: timedelta) -> datetime:
    assert isinstance(context.clock, ManualClock)
    return context.clock.advance(span)


def _work(context: Context, days: int) -> int:
    """Let the team work, looking up every two hours."""
    done = 0
    for _ in range(days * 12):
        done += sellers.act(context)
        _pass(context, timedelta(hours=2))
    return done


def _touched(context: Context) -> set[int]:
    with context.database.read() as conn:
        query = sa.select(opportunities.c.id).where(opportunities.c.version > 1)
        return set(conn.execute(query).scalars())


def test_they_sell_as_people_do(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """Accepted, called, moved, ended; each in their own name, with what a page would leave behind."""
    found = _several(context, pipeline, ha, 12)
    _work(context, 21)
    with context.database.read() as conn:
        rows = conn.execute(sa.select(opportunities)).all()
        actors = set(conn.execute(sa.select(opportunity_changes.c.actor)).scalars())
        audited = set(conn.execute(sa.select(audit.c.action).where(audit.c.actor == ha.actor)).scalars())
        kinds = set(conn.execute(sa.select(activities.c.kind)).scalars())
        waiting = conn.execute(sa.select(alerts.c.opportunity_id).where(alerts.c.state == "open")).scalars().all()
    states = {row.state for row in rows}
    assert {OpportunityState.WON.value, OpportunityState.LOST.value} <= states
    assert all(row.value for row in rows if row.state == "won")
    assert all(row.reason for row in rows if row.state == "lost")
    assert actors == {"engine", ha.actor}
    assert "lead.called" in audited
    assert {"called", "opportunity_changed", "lifecycle_changed"} <= kinds
    assert sorted(waiting) == found[-LEFT_ALONE:]


def test_the_newest_ones_are_left_to_whoever_tries_the_demo(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """However long they wait; when newer ones come, their turn does."""
    first = _several(context, pipeline, ha, LEFT_ALONE)
    assert _work(context, 3) == 0
    for name in ("Moi", "Hon"):
        _hot(context, pipeline, ha, name)
    _work(context, 3)
    assert _touched(context) == set(first)


def test_nothing_happens_in_the_name_of_somebody_who_is_there(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """Whoever signs in as a salesperson does their work; after they are gone it goes on."""
    _several(context, pipeline, ha, 4)
    seen = context.clock.real() + timedelta(days=2)
    with context.database.write() as conn:
        row = {"user_id": ha.id, "began_at": seen, "expires_at": seen, "network": "", "device": ""}
        conn.execute(sessions.insert().values(**row, key_hash="a", seen_at=seen))
        conn.execute(sessions.insert().values(**row, key_hash="b", seen_at=seen + timedelta(9), revoked_at=seen))
    assert _work(context, 2) == 0
    assert _work(context, 2) > 0


def test_what_somebody_else_touched_is_theirs(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """Moved by a colleague, or its alert answered by one: the team leaves it alone."""
    boss = person(context, Role.ADMIN, "Boss")
    moved, put_off, other, *_ = _several(context, pipeline, ha, 3 + LEFT_ALONE)
    now = context.clock.engine()
    with context.database.write() as conn:
        service.move(conn, boss, moved, "contacted", 1, pipeline, now=now, real=now)
        answered = {"state": "later", "later_until": now, "ended_by": boss.actor}
        conn.execute(alerts.update().where(alerts.c.opportunity_id == put_off).values(answered))
    _work(context, 3)
    assert _touched(context) == {moved, other}
    with context.database.read() as conn:
        assert conn.execute(sa.select(opportunities.c.version).where(opportunities.c.id == moved)).scalar_one() == 2


def test_with_little_to_do_they_call_the_warmest_lead_that_is_nobodys(
    context: Context, pipeline: Pipeline, ha: Person
) -> None:
    """One in a day, in their own name; a cold one, somebody's own or one without a phone is left alone."""
    other = person(context, name="Binh")
    warm = {"temperature": "warm", "phone": "+84901234567"}
    lead(context, "Cold", phone="+84901234566")
    lead(context, "Theirs", **warm, engagement=66, owner_id=other.id)
    lead(context, "Mute", temperature="warm", engagement=65)
    less, more = lead(context, "Less", **warm, engagement=40), lead(context, "More", **warm, engagement=60)
    sellers.act(context)
    sellers.act(context)
    with context.database.read() as conn:
        rows = conn.execute(sa.select(opportunities)).all()
        calls = conn.execute(sa.select(activities.c.lead_id).where(activities.c.kind == "called")).scalars().all()
    assert [(row.lead_id, row.owner_id, row.automatic, row.accepted_at is not None) for row in rows] == [
        (more, ha.id, False, True)
    ]
    assert calls == [more]
    _pass(context, timedelta(days=1))
    _work(context, 1)
    with context.database.read() as conn:
        assert set(conn.execute(sa.select(opportunities.c.lead_id)).scalars()) == {more, less}


def test_an_alert_about_one_already_taken_is_answered(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """Before anything else is done with it."""
    first, *_ = _several(context, pipeline, ha, 1 + LEFT_ALONE)
    with context.database.write() as conn:
        service.accept(conn, ha, first, 1, now=context.clock.engine(), real=context.clock.real())
    _work(context, 2)
    with context.database.read() as conn:
        answered = sa.select(alerts.c.state).where(alerts.c.opportunity_id == first)
        assert conn.execute(answered).scalar_one() != AlertState.OPEN.value


def test_they_rest_outside_their_hours(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """Every deed falls on a weekday between morning and evening."""
    _several(context, pipeline, ha, 6)
    _work(context, 7)
    with context.database.read() as conn:
        query = sa.select(opportunity_changes.c.at).where(opportunity_changes.c.actor == ha.actor)
        times = [at.astimezone(context.settings.local_zone) for at in conn.execute(query).scalars()]
    assert times
    assert all(at.weekday() < 6 and 8 <= at.hour < 18 for at in times)


def test_only_the_made_up_team_is_played(context: Context, pipeline: Pipeline) -> None:
    """A colleague whom somebody added does their own work."""
    added = person(context, name="Them")
    _several(context, pipeline, added, 5)
    assert _work(context, 1) == 0


def test_who_was_slower_passes_it_over(context: Context, pipeline: Pipeline, ha: Person) -> None:
    """A lead that is somebody else's by now holds up nothing."""
    first, *_ = _several(context, pipeline, ha, 3 + LEFT_ALONE)
    other = person(context, name="Binh")
    boss = person(context, Role.ADMIN, "Boss")
    now = context.clock.engine()
    with context.database.write() as conn:
        desk.give_to(conn, Hand(boss, now, now), "pl0", other.id)
    _work(context, 3)
    with context.database.read() as conn:
        rows = conn.execute(sa.select(opportunities.c.id, opportunities.c.version))
        versions = {row.id: row.version for row in rows}
    assert versions[first] == 2  # accepted; to call the lead was refused
    assert len([version for version in versions.values() if version > 2]) == 2
