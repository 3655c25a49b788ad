"""The list of addresses that must not be reached, and the noes that people were told."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.campaigns.house import publish
from nurture.consents import service
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said
from nurture.consents.tables import suppressions
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.tasks.tables import tasks
from nurture.users.tables import audit
from tests.web.client import Client
from tests.web.filled import Filled
from tests.web.test_broadcasts import FORM

EMAIL, PHONE = "ai.do@example.net", "0908 111 222"


@pytest.fixture
def admin(app: Flask) -> Client:
    """Signed in as the administrator."""
    return Client(app).sign_in("admin")


def _lines(ctx: Context, **wanted: Any) -> list[Any]:
    with ctx.database.read() as conn:
        return list(conn.execute(sa.select(suppressions).filter_by(**wanted).order_by(suppressions.c.id)))


def _suppress(ctx: Context, reason: SuppressionReason) -> int:
    now = ctx.clock.engine()
    said = Said(Method.PERSON, "user:1", "user:1", "user:1", now, now)
    with ctx.database.write() as conn:
        service.suppress(conn, ctx.keys, EMAIL, reason, said=said)
    return int(_lines(ctx)[-1].id)


def test_an_address_is_put_on_the_list_and_found_by_it(marketer: Client, ctx: Context) -> None:
    """The list names no address; asked about one it says what closes it."""
    before = len(_lines(ctx))
    marketer.post("/suppressions/add", {"address": EMAIL, "why": "Yêu cầu bằng thư"})
    assert len(_lines(ctx)) == before + 1
    assert EMAIL not in marketer.get("/suppressions").text
    assert (
        "by hand" in marketer.get(f"/suppressions?q={EMAIL}&lang=en").text
        or "bằng tay" in marketer.get(f"/suppressions?q={EMAIL}").text
    )


@pytest.mark.parametrize("form", [{"address": "nothing", "why": "x"}, {"address": EMAIL, "why": " "}])
def test_neither_an_address_nor_a_reason_is_refused(marketer: Client, ctx: Context, form: dict[str, str]) -> None:
    """The form comes back."""
    before = len(_lines(ctx))
    assert marketer.post("/suppressions/add", form).status_code == 422
    assert len(_lines(ctx)) == before


def test_a_pasted_list_closes_email_texts_and_calls(marketer: Client, ctx: Context) -> None:
    """By what each line is."""
    before = len(_lines(ctx, reason="import"))
    marketer.post("/suppressions/import", {"list": f"{EMAIL}\n{PHONE}\n"})
    new = _lines(ctx, reason="import")[before:]
    assert sorted(one.channel for one in new) == sorted(Channel)
    assert marketer.post("/suppressions/import", {"list": "?"}).status_code == 422


def test_only_administrators_lift_and_say_why(admin: Client, marketer: Client, ctx: Context) -> None:
    """With a line in the audit."""
    line = _suppress(ctx, SuppressionReason.BY_HAND)
    assert marketer.post(f"/suppressions/{line}/lift", {"why": "x"}).status_code == 403
    assert admin.post(f"/suppressions/{line}/lift", {"why": ""}).status_code == 422
    assert admin.post(f"/suppressions/{line}/lift", {"why": "Nhầm địa chỉ"}).status_code == 303
    assert _lines(ctx, lifts=line)
    with ctx.database.read() as conn:
        kept = conn.execute(sa.select(audit.c.detail).where(audit.c.action == "suppressions.lift")).scalar_one()
    assert kept["why"] == "Nhầm địa chỉ"


@pytest.mark.parametrize(
    ("reason", "form", "status"),
    [
        (SuppressionReason.BOUNCED, {}, 409),
        (SuppressionReason.BOUNCED, {"mended": "yes"}, 303),
        (SuppressionReason.COMPLAINED, {"mended": "yes"}, 409),
        (SuppressionReason.UNSUBSCRIBED, {"mended": "yes"}, 409),
    ],
)
def test_a_mailbox_is_vouched_for_and_a_no_stays(
    admin: Client, ctx: Context, reason: SuppressionReason, form: dict[str, str], status: int
) -> None:
    """What the lead said is not lifted by anybody else."""
    line = _suppress(ctx, reason)
    assert admin.post(f"/suppressions/{line}/lift", {"why": "x", **form}).status_code == status


def test_sales_see_their_leads_and_not_the_list(sales: Client) -> None:
    """The list is for marketers and administrators."""
    assert sales.get("/suppressions").status_code == 403
    assert sales.post("/suppressions/add", {"address": EMAIL, "why": "x"}).status_code == 403


@pytest.mark.parametrize("channel", list(Channel))
def test_a_no_on_the_phone_is_kept_with_its_proof(sales: Client, ctx: Context, house: Filled, channel: str) -> None:
    """On the lead's page, for the channel it was about; without proof the form comes back."""
    lead = house.leads["of_sales"]
    told = {"channel": channel, "method": "phone", "proof": "Chị Mai nói qua điện thoại lúc 9 giờ"}
    before = len(_lines(ctx, channel=channel))
    assert sales.post(f"/leads/{lead}/refusal?tab=consents", {**told, "proof": ""}).status_code == 422
    assert sales.post(f"/leads/{lead}/refusal?tab=consents", told).status_code == 303
    assert len(_lines(ctx, channel=channel)) == before + 1
    assert "Chị Mai nói" in sales.get(f"/leads/{lead}?tab=consents").text


def test_a_no_to_an_unknown_topic_or_channel_is_refused(sales: Client, house: Filled) -> None:
    """Nothing is guessed."""
    path = f"/leads/{house.leads['of_sales']}/refusal?tab=consents"
    for wrong in ({"topic": "weather"}, {"channel": "pigeon"}, {"method": "import"}):
        assert sales.post(path, {"channel": "email", "method": "phone", "proof": "x", **wrong}).status_code == 422


def _until(clock: ManualClock, hour: int, ctx: Context) -> timedelta:
    """How long it is until this hour of the day."""
    wall = clock.engine().astimezone(ctx.settings.local_zone)
    return timedelta(hours=(hour - wall.hour) % 24)


def test_the_page_of_a_call_says_when_the_law_allows_it(sales: Client, ctx: Context) -> None:
    """After hours, when somebody has just called, and when the number is closed."""
    sales.post("/leads/new", {"name": "Vũ Lan", "phone": PHONE})
    with ctx.database.read() as conn:
        lead = conn.execute(sa.select(leads.c.public_id).where(leads.c.name == "Vũ Lan")).scalar_one()
    sales.post(f"/leads/{lead}/tasks", {"kind": "call", "when": "hour", "title": "Gọi chào"})
    with ctx.database.read() as conn:
        task = conn.execute(sa.select(tasks.c.id).order_by(tasks.c.id.desc()).limit(1)).scalar_one()
    path, clock = f"/tasks/{task}", ctx.clock
    assert isinstance(clock, ManualClock)
    clock.advance(_until(clock, 10, ctx))
    assert "quảng cáo" not in sales.get(path).text
    clock.advance(_until(clock, 20, ctx))
    assert "Ngoài giờ gọi quảng cáo" in sales.get(path).text
    sales.post(f"/leads/{lead}/record", {"kind": "call", "outcome": "busy"})
    assert "Đã có cuộc gọi trong 24 giờ qua" in sales.get(path).text
    sales.post(f"/leads/{lead}/refusal", {"channel": "call", "method": "phone", "proof": "Đừng gọi nữa"})
    assert "Số này không được gọi quảng cáo" in sales.get(path).text


def test_a_one_time_email_is_given_a_topic_in_its_form(marketer: Client, ctx: Context) -> None:
    """And its page says that readers may refuse that alone."""
    with ctx.database.write() as conn:
        publish(conn, "topics: {news: {vi: Tin tức, en: News}}", ctx.clock.engine())
    assert marketer.post("/broadcasts/new", {**FORM, "topic": "news"}).status_code == 303
    assert '<option value="news" selected>' in marketer.get("/broadcasts/thu_moi_hoi_thao/edit").text
    assert "Tin tức" in marketer.get("/broadcasts/thu_moi_hoi_thao/check").text
