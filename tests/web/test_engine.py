"""The page of the engine: for administrators; what runs, what waits, what is wrong and what to do."""

from datetime import timedelta

import pytest
from flask import Flask

from nurture.engine import presence
from nurture.engine.health import keep
from nurture.engine.invariants import SAYINGS, Grade, Invariant, Violation
from nurture.kernel.context import Context
from nurture.kernel.i18n import translate
from nurture.kernel.tables import leases
from tests.web.client import Client

pytestmark = pytest.mark.usefixtures("fresh_counts")
PAGE = "/engine"


@pytest.fixture
def admin(app: Flask) -> Client:
    """Signed in as the administrator."""
    return Client(app).sign_in("admin")


def _runs(ctx: Context, seconds: float = 10) -> None:
    """A process with everything in it, and a clock whose lease ends in so many seconds."""
    presence.Presence(ctx, {"web", "clock", "worker"}).say()
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        presence.add(conn, at, {"sent": 12.0, "hits": 3.0, "ticks": 60.0})
        until = at + timedelta(seconds=seconds)
        conn.execute(leases.insert().values(name="clock", holder="may-1:7:x", until=until, fence=1))


def test_only_administrators_look_after_the_engine(admin: Client, marketer: Client, sales: Client) -> None:
    """Others get no page, and no link to it."""
    assert admin.get(PAGE).status_code == 200
    assert PAGE in admin.get("/today").text
    for other in (marketer, sales):
        assert other.get(PAGE).status_code == 403
        assert f'href="{PAGE}"' not in other.get("/today").text


def test_a_house_in_which_nothing_runs_says_so(admin: Client) -> None:
    """Though nobody is there who could have kept it as wrong."""
    text = admin.get(PAGE).text
    assert "Chưa có đồng hồ nào chạy" in text
    assert "nurture clock" in text


def test_what_runs_and_what_it_has_done_is_shown(ctx: Context, admin: Client) -> None:
    """Processes, the clock, rates; everything that must hold with its sign."""
    _runs(ctx)
    text = admin.get(PAGE).text
    assert "Mọi thứ đều ổn" in text
    assert "trang web, đồng hồ, xử lý" in text
    assert "Thư đã gửi: 12 trong một giờ" in text
    assert all(translate("vi", one.holds) in text for one in SAYINGS.values())


def test_what_is_wrong_is_said_with_what_to_do_and_stays_as_history(ctx: Context, admin: Client) -> None:
    """Hostile names are text."""
    _runs(ctx)
    real = ctx.clock.real()
    name = "<script>alert(1)</script>"
    with ctx.database.write() as conn:
        keep(conn, [Violation(Invariant.STATES, name, {"rows": 5412, "good": 5411}),
                    Violation(Invariant.DISK, "may-2", {"bytes": 734003200}, Grade.WATCH)], real)  # fmt: skip
    text = admin.get(PAGE).text
    assert "2 trục trặc" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;”: 5.412 dòng" in text
    assert "700 MB" in text
    assert "Dọn chỗ" in text
    assert "Hệ thống có 2 trục trặc" in admin.get("/today").text
    with ctx.database.write() as conn:
        keep(conn, [], real + timedelta(minutes=1))
    text = admin.get(PAGE).text
    assert "Mọi thứ đều ổn" in text
    assert "Trục trặc gần đây" in text


def test_today_misses_a_clock_that_is_gone(ctx: Context, admin: Client, marketer: Client) -> None:
    """Some seconds after its lease; a marketer is told too, without a link to where nothing is theirs to see."""
    _runs(ctx, seconds=0)
    with ctx.database.write() as conn:
        conn.execute(leases.update().values(until=ctx.clock.real() - timedelta(seconds=30)))
    assert "Không có đồng hồ nào chạy" in admin.get("/today").text
    text = marketer.get("/today").text
    assert "Không có đồng hồ nào chạy" in text
    assert f'href="{PAGE}"' not in text
