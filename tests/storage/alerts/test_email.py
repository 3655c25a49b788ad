"""The email of an alert: at once within hours and ceiling, else with the digest; to whom, in which language."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.alerts import service as alerting
from nurture.alerts.model import Alert, EmailWay, Moment
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from nurture.opportunities.model import AlertLimits
from nurture.users.model import Person, Role
from nurture.users.tables import users
from tests.storage import selling
from tests.storage.selling import PRICES


def _raise(context: Context, lead: int, owner: Person | None, daily: int = 10) -> Alert:
    moment = Moment(lead, "activity:1", owner.id if owner else None, opened=True)
    now, real = context.clock.engine(), context.clock.real()
    house, limits = alerting.house_of(context.settings), AlertLimits(daily=daily)
    with context.database.write() as conn:
        (alert,) = alerting.raise_due(conn, moment, None, limits, house, now=now, real=real)
    return alert


def _mails(context: Context) -> list[Any]:
    with context.database.read() as conn:
        return list(conn.execute(sa.select(messages).order_by(messages.c.id)))


def test_within_working_hours_it_is_written_at_once(context: Context) -> None:
    """For the owner, first in the queue, its values frozen."""
    me = selling.person(context)
    alert = _raise(context, selling.lead(context, honorific="chị", phone="+84901234567"), me)
    (mail,) = _mails(context)
    assert (mail.user_id, mail.lead_id, mail.template_key, mail.priority) == (me.id, None, "staff_hot_lead", 1)
    assert (mail.purpose, mail.unique_key) == ("alert", f"alert:{alert.id}")
    assert (alert.email, alert.message_id) == (EmailWay.NOW, mail.id)
    seen = mail.values_["alert"]
    assert (seen["lead_name"], seen["honorific"], seen["phone_shown"]) == ("Mai", "chị", "0901 234 567")
    assert seen["zalo_url"] == "https://zalo.me/84901234567"
    assert seen["url"].endswith("/leads/pmai")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_reasons_are_said_in_the_owners_language_and_zone(context: Context, language: str) -> None:
    """From clicks to words, with times."""
    selling.publish(context)
    selling.person(context, language=language, zone="Europe/London", working_hours={})
    lead = selling.lead(context, phone="+84901234567", city="Hà Nội", city_folded="ha noi")
    selling.happen(context, lead, Kind.CREATED, actor="engine")
    for _ in range(3):
        selling.happen(context, lead, url=PRICES)
    while react(context):
        pass
    (mail,) = _mails(context)
    (reason,) = mail.values_["alert"]["reasons"]
    said = {
        "vi": "Bấm xem bảng giá: shop.example/bang-gia, 3 lần",
        "en": "Clicked through to the prices: shop.example/bang-gia, 3 times",
    }
    assert reason == {"text": said[language], "time": "02/11/2026, 02:00"}
    assert mail.language == language


def test_outside_working_hours_it_waits_for_the_digest(context: Context) -> None:
    """With the reason and the time."""
    context.clock.advance(timedelta(hours=12))
    alert = _raise(context, selling.lead(context), selling.person(context))
    assert (alert.email, alert.email_reason) == (EmailWay.DIGEST, "night_digest")
    assert alert.email_after == context.clock.engine() + timedelta(hours=11)
    assert _mails(context) == []


def test_over_the_daily_ceiling_it_waits_for_the_digest(context: Context) -> None:
    """Each owner has their own; tomorrow begins anew."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    found = [_raise(context, selling.lead(context, f"L{n}"), me, daily=2) for n in range(3)]
    theirs = _raise(context, selling.lead(context, "M"), other, daily=2)
    context.clock.advance(timedelta(days=1))
    tomorrow = _raise(context, selling.lead(context, "N"), me, daily=2)
    assert [one.email for one in found] == [EmailWay.NOW, EmailWay.NOW, EmailWay.DIGEST]
    assert found[2].email_reason == "daily_ceiling"
    assert (theirs.email, tomorrow.email) == (EmailWay.NOW, EmailWay.NOW)


def test_an_owner_who_has_left_gets_none(context: Context) -> None:
    """The page shows it to nobody's care."""
    me = selling.person(context)
    with context.database.write() as conn:
        conn.execute(users.update().values(disabled_at=context.clock.engine()))
    alert = _raise(context, selling.lead(context), me)
    assert (alert.email, alert.email_reason) == (EmailWay.NONE, "no_salesperson")


def test_without_an_owner_each_of_the_roles_gets_one_in_their_hours(context: Context) -> None:
    """At night it waits for the morning by itself."""
    context.clock.advance(timedelta(hours=12))
    boss = selling.person(context, Role.ADMIN, "Boss")
    owl = selling.person(context, Role.MARKETER, "Owl", working_hours={})
    alert = _raise(context, selling.lead(context), None)
    now = context.clock.engine()
    assert {(mail.user_id, mail.not_before) for mail in _mails(context)} == {
        (boss.id, now + timedelta(hours=11)), (owl.id, now),
    }  # fmt: skip
    assert alert.email is EmailWay.NOW
    assert _mails(context)[0].values_["title"] == "Chưa có nhân viên bán hàng nào nhận Mai"


def test_without_an_owner_the_ceiling_holds_too(context: Context) -> None:
    """A hundred leads and nobody who sells: not a hundred mails."""
    selling.person(context, Role.ADMIN, "Boss")
    found = [_raise(context, selling.lead(context, f"L{n}"), None, daily=2) for n in range(4)]
    assert [one.email for one in found] == [EmailWay.NOW, EmailWay.NOW, EmailWay.NONE, EmailWay.NONE]
    assert len(_mails(context)) == 2
