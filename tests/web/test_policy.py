"""The policy of the house, late mails, replies: what the pages show, and who may do what."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.campaigns.house import publish
from nurture.campaigns.tables import campaigns
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

POLICY = 'quiet_hours: {from: "20:00", to: "08:00"}\ntet: {before: 7, after: 5, during: drop}\ngap: 20 hours\n'


def _set(ctx: Context, table: sa.Table, where: Any, **values: Any) -> None:
    with ctx.database.write() as conn:
        conn.execute(table.update().where(where).values(**values))


def _one(ctx: Context, query: sa.Select[Any]) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(query).one()


@pytest.fixture
def late(ctx: Context, house: Filled) -> tuple[int, int]:
    """An enrollment and a message of the welcome series that came late; their ids."""
    with ctx.database.write() as conn:
        key = sa.select(campaigns.c.id).where(campaigns.c.key == "welcome_series").scalar_subquery()
        of_it = sa.select(enrollments).where(enrollments.c.state == "active", enrollments.c.campaign_id == key)
        row = conn.execute(of_it.limit(1)).one()
        stays = {"held": "held_late", "held_detail": {"hours": 6}, "due_at": None, "waits_for": None}
        conn.execute(enrollments.update().where(enrollments.c.id == row.id).values(**stays))
        message = house.messages[18]
        conn.execute(messages.update().where(messages.c.id == message).values(state="queued", reason="held_late"))
    return int(row.id), int(message)


def test_the_policy_is_read_as_sentences(ctx: Context, marketer: Client, viewer: Client) -> None:
    """With the stop, its switch, and the days on which nothing goes; in both languages."""
    with ctx.database.write() as conn:
        publish(conn, POLICY, ctx.clock.engine())
    text = marketer.get("/settings/policy?year=2027").text
    assert "Chỉ gửi từ 08:00 đến 20:00 theo giờ của khách" in text
    assert "06/02/2027" in text
    assert "Thư đến hạn trong kỳ nghỉ sẽ bị bỏ, không gửi." in text
    assert "Tết Nguyên Đán" in text
    assert viewer.get("/settings/policy").status_code == 200


def test_late_mails_are_let_go_one_by_one_or_by_campaign(ctx: Context, marketer: Client, late: tuple[int, int]) -> None:
    """They stand on Today and on their own page until somebody decides."""
    assert "/late" in marketer.get("/today").text
    page = marketer.get("/late").text
    assert f"enrollment:{late[0]}" in page
    assert f"message:{late[1]}" in page
    marketer.post("/late", {"do": "release", "id": f"message:{late[1]}"})
    row = _one(ctx, sa.select(messages).where(messages.c.id == late[1]))
    assert (row.reason, row.not_before) == ("", ctx.clock.engine())
    marketer.post("/late", {"do": "drop", "campaign": "welcome_series"})
    row = _one(ctx, sa.select(enrollments).where(enrollments.c.id == late[0]))
    assert (row.held, row.due_at, row.memory["dropped"]) == (None, ctx.clock.engine(), f"{row.step}/{row.occurrence}")
    assert f"enrollment:{late[0]}" not in marketer.get("/late").text


def test_salespeople_see_no_buttons_and_are_refused(ctx: Context, sales: Client, late: tuple[int, int]) -> None:
    """The right is the service's to check."""
    assert 'name="do"' not in sales.get("/late").text
    answer = sales.post("/late", {"do": "release", "id": f"message:{late[1]}"})
    assert answer.status_code == 403
    assert _one(ctx, sa.select(messages.c.reason).where(messages.c.id == late[1])).reason == "held_late"


def test_salespeople_see_the_late_mails_of_their_leads_only(
    ctx: Context, sales: Client, house: Filled, late: tuple[int, int]
) -> None:
    """Not the name, nor the way to the page, of a colleague's lead."""
    row = _one(
        ctx, sa.select(leads).join(enrollments, enrollments.c.lead_id == leads.c.id).where(enrollments.c.id == late[0])
    )
    for owner, is_shown in ((house.people["other_sales"], False), (None, True)):
        _set(ctx, leads, leads.c.id == row.id, owner_id=owner)
        assert (f"/leads/{row.public_id}" in sales.get("/late").text) is is_shown


def test_a_campaign_says_why_its_leads_wait(marketer: Client, late: tuple[int, int]) -> None:
    """With how many, and a way to decide."""
    assert late
    page = marketer.get("/campaigns/welcome_series").text
    assert "trễ, chờ người quyết định" in page or "Quyết định" in page


def test_a_reply_is_noted_looked_at_and_gone(ctx: Context, sales: Client, house: Filled) -> None:
    """It stands on the lead's page and on Today until somebody has looked."""
    lead = house.leads["of_sales"]
    sales.post(f"/leads/{lead}/replied", {"text": HOSTILE})
    assert _one(ctx, sa.select(leads.c.replied_at).where(leads.c.public_id == lead)).replied_at == ctx.clock.engine()
    today = sales.get("/today").text
    assert "Thư trả lời cần xem" in today
    assert f'href="/leads/{lead}"' in today
    page = sales.get(f"/leads/{lead}").text
    assert f"/leads/{lead}/looked" in page
    assert "<script>alert" not in page
    sales.post(f"/leads/{lead}/looked", {})
    assert _one(ctx, sa.select(leads.c.replied_at).where(leads.c.public_id == lead)).replied_at is None
    assert f"/leads/{lead}/looked" not in sales.get(f"/leads/{lead}").text


def test_a_viewer_marks_nothing_as_looked_at(ctx: Context, viewer: Client, house: Filled) -> None:
    """403, and the reply waits on."""
    lead = house.leads["of_sales"]
    at = ctx.clock.engine() - timedelta(hours=1)
    _set(ctx, leads, leads.c.public_id == lead, replied_at=at)
    assert f"/leads/{lead}/looked" not in viewer.get(f"/leads/{lead}").text
    assert viewer.post(f"/leads/{lead}/looked", {}).status_code == 403
    assert _one(ctx, sa.select(leads.c.replied_at).where(leads.c.public_id == lead)).replied_at == at
