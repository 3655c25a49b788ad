"""Signed in, and out again: what a cookie is good for, for how long, and where it is listed."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.users import service, store
from nurture.users.sessions import IDLE, SEEN_EVERY
from nurture.users.tables import audit, sessions
from nurture.web.session import person
from tests.web.client import Client
from tests.web.filled import PASSWORD, Filled

NEW = "một câu khác hẳn"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"


def _cookie(client: Client) -> str:
    found = client.flask.get_cookie("nurture")
    assert found is not None
    return found.value


def _thief(app: Flask, cookie: str) -> Client:
    """Somebody else with a copy of the cookie."""
    other = Client(app)
    other.flask.set_cookie("nurture", cookie)
    return other


def _is_in(client: Client) -> bool:
    return client.get("/me").status_code == 200


def _numbers(client: Client) -> list[str]:
    return re.findall(r"/me/sessions/(\d+)/end", client.get("/me").text)


def _later(ctx: Context, span: timedelta) -> None:
    clock = ctx.clock
    assert isinstance(clock, ManualClock)
    clock.advance(span)


def test_a_copied_cookie_is_dead_after_the_sign_out(app: Flask, sales: Client) -> None:
    """It was good before."""
    thief = _thief(app, _cookie(sales))
    assert _is_in(thief)
    assert sales.post("/logout").status_code == 303
    assert not _is_in(sales)
    assert not _is_in(thief)


def test_a_copied_cookie_is_dead_after_a_new_password(app: Flask, sales: Client) -> None:
    """This session goes on, under a key that the copy does not have."""
    thief = _thief(app, _cookie(sales))
    before = _numbers(sales)
    assert sales.post("/me/password", {"present": PASSWORD, "password": NEW}).status_code == 303
    assert _is_in(sales)
    assert _numbers(sales) == before
    assert not _is_in(thief)


def test_a_refused_password_change_ends_nothing(app: Flask, sales: Client) -> None:
    """Neither the wrong present one nor a weak new one."""
    other = Client(app).sign_in("sales")
    assert sales.post("/me/password", {"present": "wrong", "password": NEW}).status_code == 422
    assert sales.post("/me/password", {"present": PASSWORD, "password": "x"}).status_code == 422
    assert _is_in(sales)
    assert _is_in(other)


def test_a_reset_ends_every_session_but_the_one_it_begins(app: Flask, ctx: Context, sales: Client) -> None:
    """Whoever held the old password is out."""
    with ctx.database.write() as conn:
        _, token = service.reset(conn, email="sales@example.com", real=ctx.clock.real(), actor="cli")
    other = Client(app)
    other.get(f"/reset/{token}")
    assert other.post(f"/reset/{token}", {"password": NEW}).status_code == 303
    assert _is_in(other)
    assert not _is_in(sales)


def test_a_sign_in_takes_no_key_that_was_there_before(app: Flask, client: Client, sales: Client) -> None:
    """A cookie put into somebody's browser beforehand is worth nothing after the sign-in there."""
    client.get("/login")
    planted = _cookie(client)
    client.post("/login", {"email": "sales@example.com", "password": PASSWORD})
    assert not _is_in(_thief(app, planted))
    victim = _thief(app, _cookie(sales))
    victim.get("/me")
    victim.post("/login", {"email": "marketer@example.com", "password": PASSWORD})
    assert "marketer@example.com" in victim.get("/me").text
    assert not _is_in(sales)


def test_a_cookie_of_before_the_sessions_is_good_for_nothing(app: Flask, client: Client, house: Filled) -> None:
    """`<id>.<epoch>`, rightly signed."""
    with client.flask.session_transaction() as kept:
        kept["_user_id"] = f"{house.people['sales']}.0"
    assert not _is_in(client)


def test_a_session_that_is_not_used_ends(ctx: Context, sales: Client) -> None:
    """After fourteen days by the server's clock; one in use lasts on."""
    _later(ctx, IDLE - timedelta(minutes=1))
    assert _is_in(sales)
    _later(ctx, IDLE - timedelta(minutes=1))
    assert _is_in(sales)
    _later(ctx, IDLE)
    assert not _is_in(sales)


def test_use_is_written_once_in_a_while_and_renews_the_cookie(ctx: Context, sales: Client) -> None:
    """Not with each request, and not for a page that only asks whether something is new."""

    def seen() -> object:
        with ctx.database.read() as conn:
            return conn.execute(sa.select(sessions.c.seen_at).order_by(sessions.c.id.desc()).limit(1)).scalar_one()

    began = seen()
    _later(ctx, SEEN_EVERY - timedelta(seconds=1))
    assert "Set-Cookie" not in sales.get("/leads").headers
    _later(ctx, timedelta(seconds=1))
    sales.get("/leads", X_Live="true")
    assert seen() == began
    answer = sales.get("/leads")
    assert seen() == ctx.clock.real()
    assert answer.headers["Set-Cookie"].startswith("nurture=")


def test_the_session_and_its_account_are_one_query(app: Flask, ctx: Context) -> None:
    """And a page that needs nothing else has no other."""
    app.add_url_rule("/probe", "probe", lambda: person().email)
    client = Client(app).sign_in("sales")
    asked: list[str] = []
    event.listen(ctx.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert client.get("/probe").text == "sales@example.com"
    queries = [one for one in asked if not one.startswith("BEGIN")]
    assert len(queries) == 1
    assert "FROM sessions JOIN users" in " ".join(queries[0].split())


def test_the_account_page_lists_ones_devices(app: Flask, ctx: Context, sales: Client, marketer: Client) -> None:
    """Their names, which one is this, and none of anybody else's."""
    phone = Client(app)
    phone.flask.environ_base["HTTP_USER_AGENT"] = PHONE
    phone.flask.environ_base["REMOTE_ADDR"] = "203.0.113.77"
    phone.sign_in("sales")
    text = phone.get("/me", Accept_Language="en").text
    assert "Chrome, Android" in text
    assert "203.0.113.0/24" in text
    assert "203.0.113.77" not in text
    assert text.count("This device") == 1
    assert len(_numbers(phone)) == 2
    assert len(_numbers(marketer)) == 1
    assert "Sign out everywhere else" not in marketer.get("/me", Accept_Language="en").text


def test_one_device_is_signed_out_from_another(app: Flask, ctx: Context, sales: Client) -> None:
    """The other stays, and the audit says so."""
    other = Client(app).sign_in("sales")
    newest, first = _numbers(other)  # this device comes first
    assert other.post(f"/me/sessions/{first}/end").status_code == 303
    assert not _is_in(sales)
    assert _numbers(other) == [newest]
    assert other.post(f"/me/sessions/{first}/end").status_code == 404
    answer = other.post(f"/me/sessions/{newest}/end")
    assert answer.headers["Location"].endswith("/login")
    assert not _is_in(other)
    with ctx.database.read() as conn:
        query = sa.select(audit.c.actor, audit.c.detail).where(audit.c.action == "user.sign_out").order_by(audit.c.id)
        lines = conn.execute(query).all()
    assert [line.detail["session"] for line in lines] == [int(first), int(newest)]
    assert {line.actor for line in lines} == {f"user:{_sales_id(ctx)}"}


def _sales_id(ctx: Context) -> int:
    with ctx.database.read() as conn:
        found = store.by_email(conn, "sales@example.com")
    assert found is not None
    return found.id


def test_everywhere_else_is_signed_out_at_once(app: Flask, sales: Client, marketer: Client) -> None:
    """This device stays, and so do other people."""
    others = [Client(app).sign_in("sales") for _ in range(2)]
    assert sales.post("/me/sessions/end-others").status_code == 303
    assert _is_in(sales)
    assert [_is_in(one) for one in others] == [False, False]
    assert _is_in(marketer)


def test_nobody_ends_a_strangers_session(sales: Client, marketer: Client) -> None:
    """404, as for one that never was."""
    (number,) = _numbers(marketer)
    assert sales.post(f"/me/sessions/{number}/end").status_code == 404
    assert _is_in(marketer)


@pytest.mark.parametrize("agent", ["<script>alert(1)</script>", "\x7f" * 20_000, ""])
def test_a_hostile_name_of_a_browser_is_not_kept(client: Client, ctx: Context, agent: str) -> None:
    """Only names of ours are."""
    client.flask.environ_base["HTTP_USER_AGENT"] = agent
    client.sign_in("sales")
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(sessions.c.device)).scalars().all() == [""]
    assert "Unknown device" in client.get("/me", Accept_Language="en").text


def test_a_page_is_answered_when_its_use_cannot_be_written(ctx: Context, sales: Client) -> None:
    """A full disk shuts nobody out of looking."""
    with ctx.database.write() as conn:
        conn.exec_driver_sql("CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'full'); END")
    _later(ctx, SEEN_EVERY)
    assert _is_in(sales)
