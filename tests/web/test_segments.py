"""Segments: who is meant, how many, who, why; the file only for those who may take one along."""

import csv
import io
import re

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.segments.tables import memberships, segments
from nurture.users.tables import audit
from tests.web.client import Client
from tests.web.filled import Filled


def test_every_segment_is_listed_with_its_sentence(app: Flask, house: Filled) -> None:
    """By name, with how many are in it."""
    page = Client(app).sign_in("marketer").get("/segments").text
    assert "Khách mới trong 7 ngày" in page
    assert "/segments/new_leads/members" in page
    assert house.leads


def test_a_segment_says_who_is_meant_and_what_uses_it(app: Flask, house: Filled) -> None:
    """The campaign that begins with it among the uses, and one lead checked."""
    client = Client(app).sign_in("marketer")
    page = client.get("/segments/new_leads").text
    assert "Chào mừng khách mới" in page
    assert '<svg class="stays"' in page
    assert client.get("/segments/nothing").status_code == 404
    assert house.leads


def test_one_lead_is_checked_against_the_rule(app: Flask, ctx: Context, house: Filled) -> None:
    """With every condition and what was seen; an address that is nobody's is said to be."""
    client = Client(app).sign_in("marketer")
    with ctx.database.read() as conn:
        email = conn.execute(sa.select(leads.c.email).where(leads.c.public_id == house.leads["lead5"])).scalar_one()
    assert "why-tree" in client.get(f"/segments/new_leads?lead={email}").text
    missing = client.get("/segments/new_leads?lead=nobody@example.com").text
    assert "why-tree" not in missing
    assert "Không có khách nào với địa chỉ này" in missing


def test_members_are_those_that_a_person_sees(app: Flask, ctx: Context, house: Filled) -> None:
    """Sales see their own and the unassigned, others all."""
    with ctx.database.read() as conn:
        owned = sa.select(leads.c.public_id).join(memberships, memberships.c.lead_id == leads.c.id)
        other = conn.execute(owned.where(leads.c.owner_id == house.people["other_sales"]).limit(1)).scalar()
    if other is not None:
        assert f"/leads/{other}" not in Client(app).sign_in("sales").get("/segments/new_leads/members").text
    assert Client(app).sign_in("admin").get("/segments/new_leads/members").text.count("data-row") > 10


@pytest.mark.parametrize(("who", "status"), [("marketer", 200), ("sales", 200), ("viewer", 403)])
def test_the_file_is_for_those_who_may_take_it_along(
    app: Flask, ctx: Context, house: Filled, who: str, status: int
) -> None:
    """Each export has its line in the audit, and no cell runs as a formula."""
    with ctx.database.write() as conn:
        conn.execute(leads.update().where(leads.c.public_id == house.leads["lead5"]).values(name="=1+1"))
    answer = Client(app).sign_in(who).post("/segments/new_leads/members.csv")
    assert answer.status_code == status
    with ctx.database.read() as conn:
        exports = conn.execute(sa.select(audit.c.detail).where(audit.c.action == "segment.export")).scalars().all()
    assert len(exports) == (status == 200)
    if status == 200:
        rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert all(not row["name"].startswith("=") for row in rows)
        assert rows
        assert exports == [{"leads": len(rows)}]


@pytest.mark.parametrize(
    "name", ["=1+1", " =1+1", "\t=1+1", "An;=1+1", "An\n@x", "＝1+1", "-1", "+84=1"]
)  # fmt: skip
def test_no_cell_of_the_file_runs_as_a_formula(app: Flask, ctx: Context, house: Filled, name: str) -> None:
    """Nor does a part of it, where a spreadsheet parts cells by semicolons; a phone number stays one."""
    with ctx.database.write() as conn:
        member = sa.select(memberships.c.lead_id).where(memberships.c.left_at.is_(None)).limit(1).scalar_subquery()
        conn.execute(leads.update().where(leads.c.id == member).values(name=name, phone="+84901234567"))
        key = conn.execute(
            sa.select(segments.c.key).join(memberships).where(memberships.c.lead_id == member).limit(1)
        ).scalar_one()
    text = Client(app).sign_in("marketer").post(f"/segments/{key}/members.csv").data.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["phone"] == "+84901234567"]
    assert rows
    for row in rows:
        for part in re.split(r"[;\t\r\n]", row["name"]):
            assert not part.lstrip().startswith(tuple("=+-@＝"))


def test_why_of_a_campaign(app: Flask, house: Filled) -> None:
    """Where the lead stands in it, why it waits, and what would end it."""
    client = Client(app).sign_in("marketer")
    page = client.get(f"/leads/{house.leads['lead0']}/why?campaign=welcome_series")
    assert page.status_code == 200
    assert "Chào mừng khách mới" in page.text
    assert client.get(f"/leads/{house.leads['lead0']}/why?campaign=nothing").status_code == 404
