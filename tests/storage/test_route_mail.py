"""A person is told when a mail server stops: once for each pause, and not of what is over."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.delivery import route, store
from nurture.delivery.model import RouteTrouble
from nurture.delivery.settle import Settled
from nurture.delivery.tables import routes
from nurture.engine import route_mail
from nurture.engine.upkeep import upkeep
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.storage.ticking import publish_emails

REFUSED = Settled(trouble=RouteTrouble.PAUSE, answer="535 5.7.8 wrong password")
WELL = Settled(Counter(sent=1))
AWAY = Settled(trouble=RouteTrouble.REST, answer="Connection refused")


@pytest.fixture
def ctx(context: Context, clock: ManualClock) -> Context:
    """Two administrators, of whom one has left, and a marketer; the emails to staff are there."""
    publish_emails(context, route_mail.TEMPLATE)
    now = clock.engine()
    people = [("an", "admin", None), ("binh", "admin", now), ("lan", "marketer", None)]
    with context.database.write() as conn:
        rows = [
            {"email": f"{name}@anphat.vn", "name": name, "role": role, "disabled_at": left, "working_hours": {},
             "created_at": now}
            for name, role, left in people
        ]  # fmt: skip
        conn.execute(users.insert(), rows)
    return context


def _note(ctx: Context, settled: Settled, key: str = "smtp") -> None:
    with ctx.database.write() as conn:
        route.note(conn, key, settled, ctx.clock.real())


def _again(ctx: Context, clock: ManualClock, settled: Settled) -> None:
    """The next try, when it is time for it, meets the same."""
    with ctx.database.read() as conn:
        row = store.route(conn, "smtp")
    assert row is not None
    clock.advance(row.retry_at - clock.real())
    _note(ctx, settled)


def _mails(ctx: Context) -> list[Any]:
    upkeep(ctx)
    with ctx.database.read() as conn:
        query = sa.select(messages).where(messages.c.template_key == route_mail.TEMPLATE).order_by(messages.c.id)
        return list(conn.execute(query).all())


def _route(ctx: Context, **values: Any) -> None:
    with ctx.database.write() as conn:
        store.set_route(conn, "smtp", {"state": "open", "reason": "", "since": ctx.clock.real(), **values})


def test_administrators_get_one_mail_for_each_pause(ctx: Context, clock: ManualClock) -> None:
    """However often it is tried in vain; with what the server said."""
    _note(ctx, REFUSED)
    (mail,) = _mails(ctx)
    assert (mail.address, mail.class_, mail.state, mail.priority) == ("an@anphat.vn", "transactional", "queued", 1)
    assert mail.values_["alert"]["reply"] == ["535 5.7.8 wrong password"]
    assert "smtp" in mail.values_["title"]
    for _ in range(3):
        _again(ctx, clock, REFUSED)
        assert len(_mails(ctx)) == 1


def test_what_is_over_before_the_mail_went_is_not_told(ctx: Context, clock: ManualClock) -> None:
    """And the next pause is told anew, but not within six hours."""
    _note(ctx, REFUSED)
    assert [one.state for one in _mails(ctx)] == ["queued"]
    clock.advance(timedelta(minutes=2))
    _note(ctx, WELL)
    assert [one.state for one in _mails(ctx)] == ["canceled"]
    _note(ctx, REFUSED)
    assert len(_mails(ctx)) == 1
    _note(ctx, WELL)
    _mails(ctx)
    clock.advance(timedelta(hours=7))
    _note(ctx, REFUSED)
    assert [one.state for one in _mails(ctx)] == ["canceled", "queued"]


def test_a_server_out_of_reach_is_told_of_when_that_lasts(ctx: Context, clock: ManualClock) -> None:
    """A short rest is nobody's business."""
    _note(ctx, AWAY)
    start = clock.real()
    while clock.real() - start < route_mail.OUT_OF_REACH:
        assert _mails(ctx) == []
        _again(ctx, clock, AWAY)
    (mail,) = _mails(ctx)
    assert mail.values_["alert"]["reply"] == ["Connection refused"]


@pytest.mark.parametrize(
    "values",
    [
        {"state": "paused", "reason": route.COPIED},
        {"state": "paused", "reason": "hand", "held_at": datetime.fromisoformat("2026-01-01T00:00:00+00:00")},
        {"ads": "watched"},
    ],
    ids=["copied", "by hand", "watched"],
)
def test_what_people_know_already_is_not_told(ctx: Context, values: dict[str, Any]) -> None:
    """What they did themselves, or the page says to whoever starts it."""
    _route(ctx, **values)
    assert _mails(ctx) == []


def test_advertising_that_stopped_is_told(ctx: Context) -> None:
    """Since too many call it spam."""
    _route(ctx, ads="paused", ads_at=ctx.clock.real())
    (mail,) = _mails(ctx)
    assert mail.values_["alert"]["reply"] == []


def test_the_worst_of_a_pause_is_kept(ctx: Context, clock: ManualClock) -> None:
    """Refused first and out of reach then is a refusal still; well again, it is nothing."""
    _note(ctx, REFUSED)
    _again(ctx, clock, AWAY)
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(routes.c.trouble)).scalar_one() == "pause"
    _note(ctx, WELL)
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(routes.c.trouble)).scalar_one() is None
