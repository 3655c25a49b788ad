"""Raising alerts, answering them, the digest."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.alerts import service as alerting
from nurture.alerts import store
from nurture.alerts.model import Alert, AlertState, EmailWay, House, Moment
from nurture.alerts.tables import alerts
from nurture.engine.upkeep import upkeep
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from nurture.messages.tables import messages
from nurture.opportunities import service as deals
from nurture.opportunities import store as deal_store
from nurture.opportunities.model import AlertLimits, NewOpportunity, OpportunityState
from nurture.users.model import Person, Role
from nurture.users.tables import away, users
from tests.storage import selling

HOURS = timedelta(hours=1)


def _house(context: Context) -> House:
    return alerting.house_of(context.settings)


def _times(context: Context) -> dict[str, Any]:
    return {"now": context.clock.engine(), "real": context.clock.real()}


def _raise(
    context: Context, lead: int, owner: Person | None, cause: str = "activity:1", limits: AlertLimits | None = None,
    opportunity: int | None = None,
) -> list[Alert]:  # fmt: skip
    owner_id = owner.id if owner else None
    moment = Moment(lead, cause, owner_id, opportunity, opened=True)
    with context.database.write() as conn:
        return alerting.raise_due(conn, moment, None, limits or AlertLimits(), _house(context), **_times(context))


def _messages(context: Context) -> Sequence[Any]:
    with context.database.read() as conn:
        return conn.execute(sa.select(messages).order_by(messages.c.id)).all()


def _alert(context: Context, alert_id: int) -> Alert:
    with context.database.read() as conn:
        return store.get(conn, alert_id)


def test_the_same_cause_raises_once(context: Context) -> None:
    """Whoever reacts again finds it raised, and keeps no second no."""
    owner, lead = selling.person(context), selling.lead(context)
    (alert,) = _raise(context, lead, owner)
    assert _raise(context, lead, owner) == []
    assert alert.key == f"hot_lead:{lead}:activity:1"


def test_a_lead_alerts_again_after_the_cooldown(context: Context) -> None:
    """Not before; a withdrawn alert keeps none."""
    owner, lead = selling.person(context), selling.lead(context)
    (first,) = _raise(context, lead, owner)
    context.clock.advance(23 * HOURS)
    assert _raise(context, lead, owner, "activity:2") == []
    with context.database.write() as conn:
        alerting.withdraw(conn, [first], **_times(context))
    (second,) = _raise(context, lead, owner, "activity:3")
    context.clock.advance(24 * HOURS)
    assert len(_raise(context, lead, owner, "activity:4")) == 1
    assert second.waits


# answers


def _with_deal(context: Context, owner: Person) -> tuple[int, int, Alert]:
    _, pipeline = selling.publish(context)
    lead = selling.lead(context, owner_id=owner.id)
    zone = context.settings.local_zone
    new = NewOpportunity(lead, automatic=True)
    with context.database.write() as conn:
        opened = deals.open_(conn, new, pipeline, actor="engine", cause="activity:1", zone=zone, **_times(context))
    assert opened is not None
    (alert,) = _raise(context, lead, owner, opportunity=opened.id)
    return lead, opened.id, alert


def test_accepting_an_alert_accepts_its_opportunity(context: Context) -> None:
    """One click, with who and when."""
    me = selling.person(context)
    lead, deal, alert = _with_deal(context, me)
    with context.database.write() as conn:
        done = alerting.accept(conn, me, alert.id, **_times(context))
        one = deal_store.get(conn, deal)
    assert (done.state, done.ended_by) == (AlertState.ACCEPTED, me.actor)
    assert one.accepted_at == context.clock.engine()
    assert selling.row(context, lead).lifecycle == "opportunity"
    with context.database.read() as conn:
        said = conn.execute(
            sa.select(activities.c.actor, activities.c.detail).where(activities.c.kind == Kind.ALERTED.value)
        ).all()
    assert [(row.actor, row.detail.get("state")) for row in said] == [("engine", None), (me.actor, "accepted")]


def test_an_alert_put_off_shows_again_when_its_time_has_come(context: Context) -> None:
    """Until then it is out of the way."""
    me = selling.person(context)
    (alert,) = _raise(context, selling.lead(context), me)
    until = context.clock.engine() + 3 * HOURS

    def shown() -> list[int]:
        with context.database.read() as conn:
            return [one.id for one in store.for_person(conn, me, context.clock.engine())]

    assert shown() == [alert.id]
    with context.database.write() as conn:
        alerting.later(conn, me, alert.id, until, **_times(context))
    assert shown() == []
    context.clock.advance(3 * HOURS)
    assert shown() == [alert.id]


def test_later_is_in_the_future(context: Context) -> None:
    """Now is not later."""
    me = selling.person(context)
    (alert,) = _raise(context, selling.lead(context), me)
    with pytest.raises(InputError), context.database.write() as conn:
        alerting.later(conn, me, alert.id, context.clock.engine(), **_times(context))


def test_dismissing_gives_the_opportunity_back_to_marketing(context: Context) -> None:
    """With the reason; one that was accepted stays."""
    me = selling.person(context)
    lead, deal, alert = _with_deal(context, me)
    with context.database.write() as conn:
        with pytest.raises(InputError):
            alerting.dismiss(conn, me, alert.id, "", **_times(context))
        done = alerting.dismiss(conn, me, alert.id, "Not a fit", **_times(context))
        one = deal_store.get(conn, deal)
    assert (done.state, done.ended_reason) == (AlertState.DISMISSED, "Not a fit")
    assert (one.state, one.reason) == (OpportunityState.RETURNED, "Not a fit")
    assert selling.row(context, lead).owner_id is None


def test_an_alert_is_answered_once_and_by_those_who_may(context: Context) -> None:
    """Another's is not there, a viewer may look, an answered one is done."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    viewer = selling.person(context, Role.VIEWER, "Guest")
    (alert,) = _raise(context, selling.lead(context), me)
    for somebody, error in ((other, NotFoundError), (viewer, ForbiddenError)):
        with pytest.raises(error), context.database.write() as conn:
            alerting.accept(conn, somebody, alert.id, **_times(context))
    with context.database.write() as conn:
        alerting.accept(conn, me, alert.id, **_times(context))
    with pytest.raises(ConflictError), context.database.write() as conn:
        alerting.dismiss(conn, me, alert.id, "x", **_times(context))


def test_nobodys_alerts_show_to_those_who_can_help(context: Context) -> None:
    """Not to every salesperson."""
    me, boss = selling.person(context), selling.person(context, Role.ADMIN, "Boss")
    _raise(context, selling.lead(context), None)
    with context.database.read() as conn:
        now = context.clock.engine()
        assert store.for_person(conn, me, now) == []
        assert [one.trigger for one in store.for_person(conn, boss, now)] == ["no_salesperson"]


# the digest


def _nights(context: Context, owner: Person, count: int) -> list[Alert]:
    """Alerts raised on Monday at 20:00."""
    context.clock.advance(11 * HOURS)
    found = []
    for number in range(count):
        found += _raise(context, selling.lead(context, f"L{number}"), owner)
        context.clock.advance(timedelta(minutes=1))
    return found


def test_what_came_in_the_night_goes_in_one_digest_in_the_morning(context: Context) -> None:
    """Nothing at night, one mail at eight, nothing after it."""
    me = selling.person(context)
    found = _nights(context, me, 3)
    assert {(one.email, one.email_reason) for one in found} == {(EmailWay.DIGEST, "night_digest")}
    upkeep(context)
    assert _messages(context) == []
    context.clock.advance(12 * HOURS)
    upkeep(context)
    upkeep(context)
    (mail,) = _messages(context)
    assert (mail.template_key, mail.user_id, mail.class_) == ("staff_digest", me.id, "transactional")
    assert [one["lead_name"] for one in mail.values_["alerts"]] == ["L2", "L1", "L0"]
    assert {_alert(context, one.id).message_id for one in found} == {mail.id}


def test_answered_and_withdrawn_alerts_are_left_out_of_the_digest(context: Context) -> None:
    """And without any left there is no mail."""
    me = selling.person(context)
    first, second, third = _nights(context, me, 3)
    with context.database.write() as conn:
        alerting.accept(conn, me, first.id, **_times(context))
        alerting.withdraw(conn, [second], **_times(context))
    context.clock.advance(12 * HOURS)
    upkeep(context)
    (mail,) = _messages(context)
    assert [one["lead_name"] for one in mail.values_["alerts"]] == ["L2"]
    assert _alert(context, third.id).message_id == mail.id
    assert _alert(context, first.id).email is EmailWay.NONE


def test_a_digest_waits_for_one_who_has_gone_away(context: Context) -> None:
    """Entered after the alert was raised."""
    me = selling.person(context)
    (alert,) = _nights(context, me, 1)
    with context.database.write() as conn:
        conn.execute(away.insert().values(user_id=me.id, first_day=date(2026, 11, 3), last_day=date(2026, 11, 3)))
    context.clock.advance(12 * HOURS)
    upkeep(context)
    assert _messages(context) == []
    assert _alert(context, alert.id).email_after == context.clock.engine().replace(hour=1, minute=0) + timedelta(days=1)
    context.clock.advance(24 * HOURS)
    upkeep(context)
    assert len(_messages(context)) == 1


def test_who_has_left_gets_no_digest(context: Context) -> None:
    """A disabled account."""
    me = selling.person(context)
    (alert,) = _nights(context, me, 1)
    with context.database.write() as conn:
        conn.execute(users.update().values(disabled_at=context.clock.engine()))
    context.clock.advance(12 * HOURS)
    upkeep(context)
    assert _messages(context) == []
    assert _alert(context, alert.id).email is EmailWay.NONE


def test_withdrawing_an_alert_in_a_digest_leaves_the_digest(context: Context) -> None:
    """It speaks of others too."""
    me = selling.person(context)
    first, _ = _nights(context, me, 2)
    context.clock.advance(12 * HOURS)
    upkeep(context)
    with context.database.write() as conn:
        alerting.withdraw(conn, [store.get(conn, first.id)], **_times(context))
    (mail,) = _messages(context)
    assert mail.state == "queued"
    with context.database.read() as conn:
        states = conn.execute(sa.select(alerts.c.state).order_by(alerts.c.id)).scalars().all()
    assert states == ["withdrawn", "open"]
