"""Headers, cookies, CSRF, sessions: what keeps the pages safe."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from nurture.kernel.context import Context
from nurture.users import service
from nurture.web.app import create_app
from tests.web.client import Client
from tests.web.filled import PASSWORD, Filled


def test_every_page_has_the_strict_headers(sales: Client) -> None:
    """Nothing inline, no other host, no framing, nothing kept by caches."""
    answer = sales.get("/leads")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "queries" in answer.headers["Server-Timing"]


def test_no_page_has_inline_style_or_script(sales: Client, house: Filled) -> None:
    """The policy would refuse it."""
    for path in ("/today", "/leads", "/leads/new", "/me", f"/leads/{house.leads['of_sales']}?tab=score"):
        text = sales.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", text), path


def test_a_form_without_its_token_is_refused(sales: Client, house: Filled) -> None:
    """And changes nothing."""
    answer = sales.flask.post(f"/leads/{house.leads['of_sales']}/tag", data={"tag": "x"})
    assert answer.status_code == 400
    assert "x</a>" not in sales.get(f"/leads/{house.leads['of_sales']}").text


def test_a_stranger_is_asked_to_sign_in_and_brought_back(client: Client) -> None:
    """Every page but the public ones needs an account."""
    answer = client.get("/leads?temperature=hot")
    assert answer.status_code == 303
    wanted = parse_qs(urlsplit(answer.headers["Location"]).query)["next"]
    assert wanted == ["/leads?temperature=hot"]
    client.get(answer.headers["Location"])
    done = client.post("/login", {"email": "sales@example.com", "password": PASSWORD, "next": wanted[0]})
    assert done.headers["Location"] == "/leads?temperature=hot"


def test_every_view_needs_an_account_unless_it_says_not(app: Flask) -> None:
    """The list of public ones is short and known."""
    free = {name for name, view in app.view_functions.items() if getattr(view, "needs_no_account", False)}
    assert free == {
        "static", "healthz", "readyz", "metrics", "account.login", "account.log_in", "account.invite",
        "account.reset", "account.display", "public.leave", "public.act", "landing.show", "agree.show", "agree.act",
        "files.show", "inbound_hooks.listen",
    }  # fmt: skip


def test_sign_in_leads_to_no_other_host(client: Client) -> None:
    """An open redirect would lend our name to others."""
    client.get("/login")
    done = client.post("/login", {"email": "sales@example.com", "password": PASSWORD, "next": "//evil.test/"})
    assert done.headers["Location"] == "/"


def test_the_session_cookie_is_shut_to_scripts_and_other_sites(client: Client) -> None:
    """HttpOnly and SameSite=Lax."""
    client.get("/login")
    done = client.post("/login", {"email": "sales@example.com", "password": PASSWORD})
    cookie = next(one for one in done.headers.getlist("Set-Cookie") if one.startswith("nurture="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_cookies_are_secure(ctx: Context) -> None:
    """They never travel in the clear."""
    settings = replace(ctx.settings, base_url="https://nurture.example.vn")
    app = create_app(replace(ctx, settings=settings))
    assert app.config["SESSION_COOKIE_SECURE"] is True


def test_a_new_password_ends_other_sessions(app: Flask, ctx: Context, house: Filled) -> None:
    """The one it was changed in goes on."""
    one, other = Client(app).sign_in("sales"), Client(app).sign_in("sales")
    done = one.post("/me/password", {"present": PASSWORD, "password": "một câu khác hẳn"})
    assert done.status_code == 303
    assert one.get("/leads").status_code == 200
    assert other.get("/leads").status_code == 303


def test_a_disabled_account_is_out_at_once(sales: Client, ctx: Context, house: Filled) -> None:
    """Not only at its next sign-in."""
    with ctx.database.write() as conn:
        service.disable(conn, house.people["sales"], real=ctx.clock.real(), actor="cli")
    assert sales.get("/leads").status_code == 303


def test_a_lost_session_keeps_the_form_under_htmx(client: Client, house: Filled) -> None:
    """401 into the alert region; the page stays as it is."""
    answer = client.post(f"/leads/{house.leads['of_sales']}/tag", {"tag": "x"}, HX_Request="true")
    assert answer.status_code == 401
    assert answer.headers["HX-Retarget"] == "#alert"


@pytest.mark.parametrize(("peer", "expected"), [("10.1.2.3", "203.0.113.9"), ("192.0.2.1", "192.0.2.1")])
def test_a_forwarded_address_is_believed_from_trusted_proxies_only(ctx: Context, peer: str, expected: str) -> None:
    """Anybody can write the header."""
    app = create_app(replace(ctx, settings=replace(ctx.settings, trusted_proxies=("10.0.0.0/8",))))
    seen: list[str] = []
    app.before_request(lambda: seen.append(__import__("flask").request.remote_addr or ""))
    app.test_client().get("/login", environ_base={"REMOTE_ADDR": peer}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert seen == [expected]


def test_the_wrong_password_is_told_after_a_form_that_keeps_the_address(client: Client) -> None:
    """422 with the address in its field, the password in none."""
    client.get("/login")
    answer = client.post("/login", {"email": "sales@example.com", "password": "wrong-password"})
    assert answer.status_code == 422
    assert 'value="sales@example.com"' in answer.text
    assert "wrong-password" not in answer.text
    for _ in range(4):
        client.post("/login", {"email": "sales@example.com", "password": "wrong-password"})
    assert client.post("/login", {"email": "sales@example.com", "password": PASSWORD}).status_code == 429


def test_an_invitation_is_accepted_once(client: Client, house: Filled) -> None:
    """Then its page says that it does not work any more."""
    path = f"/invite/{house.invite}"
    assert "moi@example.com" in client.get(path).text
    assert client.post(path, {"password": "short"}).status_code == 422
    assert client.post(path, {"password": "một câu dễ nhớ"}).status_code == 303
    assert client.get("/today").status_code == 200
    assert client.get(path).status_code == 404
