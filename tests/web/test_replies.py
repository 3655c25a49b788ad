"""Replies: seen by those in charge, looked at, refused with one click; strange mail is for administrators."""

import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.activities.tables import activities
from nurture.alerts.tables import alerts
from nurture.consents.store import standing
from nurture.consents.tables import consents
from nurture.engine.react import react
from nurture.inbound.model import Return, What
from nurture.inbound.service import apply
from nurture.inbound.tables import inbox_places, returns
from nurture.kernel.context import Context
from nurture.kernel.inboxes import Inbox
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.users.tables import users
from nurture.web.app import create_app
from tests.web.client import Client
from tests.web.filled import Filled

ENGLISH = {"Accept_Language": "en"}


@pytest.fixture
def letter(ctx: Context, house: Filled) -> int:
    """One of the salesperson's lead, told to them."""
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads).where(leads.c.public_id == house.leads["of_sales"])).one()
        text = "Chị bận lắm, đừng gửi email nữa nhé.\nCảm ơn em"
        one = Return(What.REPLIED, "mail", "letter", ctx.clock.real(), sender=lead.email, subject="Re: Chào", text=text)
        apply(conn, ctx, [one])
        conn.execute(users.update().values(working_hours={}))
        number = conn.execute(sa.select(sa.func.max(returns.c.id))).scalar_one()
    while react(ctx):
        pass
    return int(number)


def _lead(ctx: Context, house: Filled) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(leads).where(leads.c.public_id == house.leads["of_sales"])).one()


def test_a_letter_stands_where_its_owner_looks(sales: Client, house: Filled, letter: int) -> None:
    """On Today with its words, in the list, on its own page and on the lead's; as plain text."""
    for path in ("/today", "/replies", f"/replies/{letter}", f"/leads/{house.leads['of_sales']}"):
        page = sales.get(path, **ENGLISH).text
        assert "đừng gửi email nữa nhé" in page
        assert f"/replies/{letter}" in page
    assert "Write down the refusal" in sales.get("/today", **ENGLISH).text


def test_the_owner_gets_a_mail_that_answers_the_lead(ctx: Context, house: Filled, letter: int) -> None:
    """Once, with the words."""
    with ctx.database.read() as conn:
        mail = conn.execute(sa.select(messages).where(messages.c.template_key == "staff_reply")).one()
    assert mail.user_id == house.people["sales"]
    assert mail.values_["reply_to"]["email"] == _lead(ctx, house).email
    assert mail.values_["alert"]["reply"] == ["Chị bận lắm, đừng gửi email nữa nhé.", "Cảm ơn em"]
    assert mail.values_["alert"]["refusal"] == "chị bận lắm, đừng gửi email nữa nhé"


def test_looking_lets_mail_go_and_ends_the_alert(sales: Client, ctx: Context, house: Filled, letter: int) -> None:
    """Nothing waits any more, anywhere."""
    assert sales.post(f"/leads/{house.leads['of_sales']}/looked", {}).status_code == 303
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(returns.c.state).where(returns.c.id == letter)).scalar_one() == "seen"
        told = conn.execute(sa.select(alerts.c.state).where(alerts.c.trigger == "replied")).scalars()
        assert set(told) == {"accepted"}
    assert _lead(ctx, house).replied_at is None
    assert "looked at" in sales.get("/replies?of=all", **ENGLISH).text


def test_one_click_writes_the_refusal_down_with_its_words(
    sales: Client, ctx: Context, house: Filled, letter: int
) -> None:
    """Proof, method, who did it; and the reply is looked at."""
    assert sales.post(f"/replies/{letter}/refused", {}).status_code == 303
    lead = _lead(ctx, house)
    with ctx.database.read() as conn:
        word = conn.execute(sa.select(consents).where(consents.c.method == "reply")).one()
        found = standing(conn, ctx.keys, [(lead.id, lead.email)])[lead.id].refusal("advertising")
        line = conn.execute(sa.select(activities).where(activities.c.cause == f"return:{letter}")
                            .where(activities.c.kind == "unsubscribed")).one()  # fmt: skip
    assert (word.given, word.proof, word.origin) == (False, "chị bận lắm, đừng gửi email nữa nhé", f"return:{letter}")
    assert found is not None
    assert line.actor == f"user:{house.people['sales']}"
    assert lead.replied_at is None


def test_letters_are_for_those_in_charge(app: Flask, ctx: Context, letter: int) -> None:
    """Another salesperson finds nothing; a viewer reads and changes nothing."""
    other, viewer = Client(app).sign_in("other_sales"), Client(app).sign_in("viewer")
    assert other.get(f"/replies/{letter}").status_code == 404
    assert "đừng gửi email" not in other.get("/replies").text.replace("Đừng gửi email nữa nhé. ", "")
    assert viewer.get(f"/replies/{letter}").status_code == 200
    assert other.post(f"/replies/{letter}/refused", {}).status_code == 404
    assert viewer.post(f"/replies/{letter}/refused", {}).status_code == 403
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(consents).where(consents.c.method == "reply")).first() is None


def test_strange_mail_is_for_administrators(app: Flask, ctx: Context, house: Filled, marketer: Client) -> None:
    """Kept or ignored, once."""
    admin = Client(app).sign_in("admin")
    assert marketer.get("/replies?of=strays").status_code == 403
    assert marketer.get(f"/replies/{house.stray}").status_code == 404
    assert marketer.post(f"/replies/{house.stray}/ignore", {}).status_code == 403
    assert "la@example.org" in admin.get(f"/replies/{house.stray}").text
    assert re.search(r"1 mail of which nobody knows", admin.get("/today", **ENGLISH).text)
    assert admin.post(f"/replies/{house.stray}/ignore", {}).status_code == 303
    admin.post(f"/replies/{house.stray}/keep", {})
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(returns.c.state).where(returns.c.id == house.stray)).scalar_one() == "ignored"


def test_a_mailbox_that_cannot_be_read_is_said(ctx: Context) -> None:
    """To administrators, on Today; without its password."""
    inbox = Inbox("imap", "mail.x.vn", 993, "tls", "me", "secret")
    with ctx.database.write() as conn:
        row = {"inbox": inbox.shown(), "failed_at": ctx.clock.real(), "error": "wrong password"}
        conn.execute(inbox_places.insert().values(row))
    admin = Client(create_app(replace(ctx, settings=replace(ctx.settings, inbox_url=inbox)))).sign_in("admin")
    for path in ("/today", "/replies"):
        page = admin.get(path, **ENGLISH).text
        assert "cannot be read since" in page
        assert "wrong password" in page
        assert "secret" not in page
