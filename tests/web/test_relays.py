"""The page of mail servers: for administrators; what each stands at, in both languages."""

from datetime import timedelta

import pytest
from flask import Flask

from nurture.delivery import relay_store, route
from nurture.delivery.limits import slot_of
from nurture.kernel.context import Context
from tests.web.client import Client

PAGE = "/settings/relays"


@pytest.fixture
def admin(app: Flask) -> Client:
    """Signed in as the administrator."""
    return Client(app).sign_in("admin")


def test_only_administrators_look_after_mail_servers(admin: Client, marketer: Client, sales: Client) -> None:
    """Others get no page, and can pause nothing."""
    assert admin.get(PAGE).status_code == 200
    assert marketer.get(PAGE).status_code == 403
    assert sales.post(f"{PAGE}/mailbox/pause").status_code == 403
    assert admin.post(f"{PAGE}/nowhere/pause").status_code == 404


def test_a_mail_server_is_paused_and_goes_on(ctx: Context, admin: Client) -> None:
    """The page says who paused it; letting it go on brings back what waited."""
    admin.get(PAGE)
    text = admin.follow(admin.post(f"{PAGE}/mailbox/pause")).text
    assert "Có người đã tạm dừng" in text
    with ctx.database.read() as conn:
        assert not route.is_open(conn, "mailbox", ctx.clock.real())
    text = admin.follow(admin.post(f"{PAGE}/mailbox/resume")).text
    assert "Có người đã tạm dừng" not in text
    with ctx.database.read() as conn:
        assert route.is_open(conn, "mailbox", ctx.clock.real())


def test_complaints_and_slow_domains_are_shown(ctx: Context, admin: Client) -> None:
    """With their share, what follows from it, and what was said."""
    real = ctx.clock.real()
    with ctx.database.write() as conn:
        relay_store.count(conn, "sent", "mailbox", slot_of(real), 1_000, "s1")
        relay_store.count(conn, "complaints", "mailbox", slot_of(real), 5, relay_store.COMPLAINTS)
        relay_store.change(conn, "mailbox", {"ads": "paused", "ads_at": real, "slowed_at": real}, real)
        relay_store.keep_rates(conn, [{
            "route": "mailbox", "domain": "gmail.com", "rate": 0.5, "learned_at": real - timedelta(minutes=1),
            "said": "4.7.28", "tokens": 0.0, "at": real, "booked_at": None, "day_at": None, "day_count": 0,
        }])  # fmt: skip
    text = admin.get(PAGE).text
    for words in ("ngừng quảng cáo", "5 trên 1.000 (0,5%)", "gmail.com: 30 mỗi phút", "4.7.28"):
        assert words in text, words
    assert "Hơn 3 phần nghìn" in admin.get("/today").text
