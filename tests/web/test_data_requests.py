"""What people ask us to do with their data: kept with its due date, a copy made, the lead erased; by whom."""

import json
import re

import sqlalchemy as sa
from flask import Flask

from nurture.consents.tables import data_requests
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.users.tables import audit
from tests.web.client import Client
from tests.web.filled import Filled


def _states(ctx: Context) -> list[tuple[str, str]]:
    with ctx.database.read() as conn:
        return [tuple(row) for row in conn.execute(sa.select(data_requests.c.kind, data_requests.c.state))]


def test_the_list_says_what_is_asked_and_by_when(marketer: Client) -> None:
    """Both requests with their days; hostile words stay text."""
    text = marketer.get("/requests").text
    assert "Bản sao dữ liệu" in text
    assert "Xóa dữ liệu" in text
    assert "xong trước" in text


def test_a_request_is_kept_from_the_leads_page(sales: Client, house: Filled, ctx: Context) -> None:
    """A salesperson keeps what a lead of theirs asked; the same again is one; without words it is refused."""
    lead = house.leads["free"]
    form = {"kind": "erase", "via": "phone", "words": "Xóa số của tôi đi"}
    before = len(_states(ctx))
    page = sales.get(f"/leads/{lead}").text
    for value in (*form.values(), "export")[:2]:
        assert f'<option value="{value}"' in page
    assert sales.post(f"/leads/{lead}/requests", {**form, "words": " "}).status_code == 422
    for _ in range(2):
        assert sales.post(f"/leads/{lead}/requests", form).status_code == 303
    assert len(_states(ctx)) == before + 1
    assert sales.get("/requests").status_code == 403


def test_a_copy_has_everything_and_stands_in_the_audit(
    marketer: Client, sales: Client, house: Filled, ctx: Context
) -> None:
    """As data and as a page that runs nothing."""
    lead = house.leads["of_sales"]
    found = json.loads(marketer.post(f"/leads/{lead}/copy", {"form": "json"}).text)
    assert found["lead"][0]["public_id"] == lead
    assert found["messages"]
    assert found["activities"]
    page = marketer.post(f"/leads/{lead}/copy", {"form": "html"}).text
    assert "<script" not in page
    assert "Anh/chị là ai" in page
    assert sales.post(f"/leads/{lead}/copy", {"form": "json"}).status_code == 403
    with ctx.database.read() as conn:
        lines = conn.execute(sa.select(audit).where(audit.c.action == "lead.export")).all()
    assert [line.subject for line in lines] == [f"lead:{lead}"] * 2


def test_only_an_admin_erases_and_only_after_typing_what_it_is(
    app: Flask, marketer: Client, house: Filled, ctx: Context
) -> None:
    """The request stays, done, without its words; the lead's page is gone."""
    admin = Client(app).sign_in("admin")
    path, lead = f"/requests/{house.forget}", house.leads["lead9"]
    with ctx.database.read() as conn:
        address = conn.execute(sa.select(leads.c.email).where(leads.c.public_id == lead)).scalar_one()
    assert marketer.post(f"{path}/erase", {"confirm": address}).status_code == 403
    assert admin.post(f"{path}/erase", {"confirm": "yes"}).status_code == 422
    assert admin.post(f"{path}/erase", {"confirm": address}).status_code == 303
    assert ("erase", "done") in _states(ctx)
    text = admin.get(path).text
    assert address not in text
    assert "Xin dữ liệu" not in text
    assert admin.get(f"/leads/{lead}").status_code == 404
    assert admin.get("/requests").status_code == 200


def test_a_refusal_needs_its_reason_and_an_ended_request_is_over(marketer: Client, house: Filled, ctx: Context) -> None:
    """And an answer is kept apart from the end."""
    path = f"/requests/{house.request}"
    assert marketer.post(f"{path}/answered", {}).status_code == 303
    assert marketer.post(f"{path}/refuse", {"note": ""}).status_code == 422
    assert marketer.post(f"{path}/refuse", {"note": "Không xác minh được người yêu cầu"}).status_code == 303
    assert marketer.post(f"{path}/done", {}).status_code == 409
    assert ("export", "refused") in _states(ctx)


def test_whoever_may_not_see_a_lead_keeps_no_request_of_it(app: Flask, house: Filled) -> None:
    """A viewer and another salesperson are refused."""
    form = {"kind": "export", "via": "phone", "words": "x"}
    lead = house.leads["of_other"]
    assert Client(app).sign_in("sales").post(f"/leads/{lead}/requests", form).status_code == 404
    assert Client(app).sign_in("viewer").post(f"/leads/{lead}/requests", form).status_code == 403
    assert not re.search("Khách có yêu cầu", Client(app).sign_in("viewer").get(f"/leads/{lead}").text)
