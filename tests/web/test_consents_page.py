"""A consent that a member of staff keeps: on a lead's page and while adding a lead."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.consents.tables import consents, suppressions
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.users.tables import audit
from nurture.web.words import METHODS
from tests.web.client import Client
from tests.web.filled import Filled

DAY = timedelta(days=1)
TOLD = {"purposes": ["advertising", "tracking"], "method": "paper", "proof": "Phiếu đăng ký số 12, ngăn 3"}


def _day(ctx: Context, ago: int = 0) -> str:
    local = ctx.clock.engine().astimezone(ctx.settings.local_zone)
    return (local - DAY * ago).date().isoformat()


def _lines(ctx: Context, public_id: str) -> list[Any]:
    with ctx.database.read() as conn:
        query = sa.select(consents).join(leads, leads.c.id == consents.c.lead_id)
        return list(conn.execute(query.where(leads.c.public_id == public_id).order_by(consents.c.id)))


def _silent(sales: Client, ctx: Context) -> str:
    """A lead that said nothing so far."""
    sales.post("/leads/new", {"name": "Vũ Lan", "email": "vu.lan@example.net"})
    with ctx.database.read() as conn:
        return str(conn.execute(sa.select(leads.c.public_id).where(leads.c.name == "Vũ Lan")).scalar_one())


def test_a_consent_is_kept_with_its_proof(sales: Client, ctx: Context) -> None:
    """One line for each purpose, of the day it was given; the audit names who wrote it down."""
    lead = _silent(sales, ctx)
    page = sales.follow(sales.post(f"/leads/{lead}/consent?tab=consents", {**TOLD, "given_on": _day(ctx, 2)}))
    assert "Phiếu đăng ký số 12" in page.text
    lines = _lines(ctx, lead)
    assert [(one.purpose, one.given, one.method) for one in lines] == [
        ("advertising", True, "paper"), ("tracking", True, "paper"),
    ]  # fmt: skip
    assert {one.occurred_at.astimezone(ctx.settings.local_zone).date().isoformat() for one in lines} == {_day(ctx, 2)}
    with ctx.database.read() as conn:
        kept = conn.execute(sa.select(audit).where(audit.c.action == "lead.consent")).one()
    assert kept.detail == {"purposes": ["advertising", "tracking"], "method": "paper", "given_on": _day(ctx, 2)}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"proof": "  "}, "proof"),
        ({"purposes": []}, "purposes"),
        ({"method": "import"}, "method"),
        ({"given_on": "x"}, "given_on"),
    ],
)
def test_what_is_missing_is_named_at_its_field(sales: Client, ctx: Context, wrong: dict[str, Any], field: str) -> None:
    """422 with the consents tab; nothing is written."""
    lead = _silent(sales, ctx)
    answer = sales.post(f"/leads/{lead}/consent?tab=consents", {**TOLD, "given_on": _day(ctx), **wrong})
    assert answer.status_code == 422
    assert f'href="#f-consent-{field}"' in answer.text
    assert f'id="f-consent-{field}"' in answer.text
    assert _lines(ctx, lead) == []


def test_a_day_to_come_is_refused(sales: Client, ctx: Context) -> None:
    """Nobody agreed tomorrow."""
    lead = _silent(sales, ctx)
    assert sales.post(f"/leads/{lead}/consent", {**TOLD, "given_on": _day(ctx, -1)}).status_code == 422


def test_a_refusal_is_stronger_and_that_is_said(sales: Client, ctx: Context, house: Filled) -> None:
    """The address stays closed, and the page says why."""
    lead = house.leads["of_sales"]
    sales.post(f"/leads/{lead}/refusal", {"proof": "Nói qua điện thoại"})
    before = len(_lines(ctx, lead))
    answer = sales.post(f"/leads/{lead}/consent?tab=consents", {**TOLD, "given_on": _day(ctx)})
    assert answer.status_code == 422
    assert "lời từ chối mạnh hơn" in answer.text
    assert len(_lines(ctx, lead)) == before
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(suppressions).where(suppressions.c.lifts.is_not(None))).first() is None


def test_a_lead_is_added_with_its_consent_or_not_at_all(sales: Client, ctx: Context) -> None:
    """In one go: without a proof there is neither lead nor consent, and what was ticked stays ticked."""
    new = {"name": "Vũ Lan", "email": "vu.lan@example.net", **TOLD, "given_on": _day(ctx)}
    refused = sales.post("/leads/new", {**new, "proof": ""})
    assert refused.status_code == 422
    assert refused.text.count('name="purposes" value="advertising" checked') == 1
    assert refused.text.count('name="purposes" value="tracking" checked') == 1
    assert sales.post("/leads/new", new).status_code == 303
    with ctx.database.read() as conn:
        added = conn.execute(sa.select(leads).where(leads.c.name == "Vũ Lan")).one()
    assert len(_lines(ctx, added.public_id)) == 2


def test_every_way_of_agreeing_has_a_word() -> None:
    """The history names it."""
    assert {"form", "paper", "phone", "person"} <= set(METHODS)


def test_a_figure_that_was_agreed_on_stands_beside_the_yes(sales: Client, ctx: Context) -> None:
    """Of advertising alone; another figure is another word, and what is no figure is refused."""
    lead, path = _silent(sales, ctx), "/leads/%s/consent?tab=consents"
    told = {**TOLD, "given_on": _day(ctx)}
    assert sales.post(path % lead, {**told, "per_day": "many"}).status_code == 422
    for figure in ("1", "1", "5"):
        sales.post(path % lead, {**told, "per_day": figure})
    assert [(one.purpose, one.per_day) for one in _lines(ctx, lead)] == [
        ("advertising", 1), ("tracking", None), ("advertising", 5),
    ]  # fmt: skip


def test_who_was_asked_by_mail_is_not_offered_to_be_asked_again(sales: Client, ctx: Context) -> None:
    """The tab says when; who has agreed already is not offered to be asked at all."""
    public_id = _silent(sales, ctx)
    tab = f"/leads/{public_id}?tab=consents"
    assert f"/leads/{public_id}/ask-consent" in sales.get(tab).text
    sales.post(f"/leads/{public_id}/ask-consent")
    shown = sales.get(tab).text
    assert f"/leads/{public_id}/ask-consent" not in shown
    assert "chưa trả lời" in shown or "no answer yet" in shown
    sales.post("/leads/new", {"name": "Hồ An", "email": "ho.an@example.net", **TOLD, "given_on": _day(ctx)})
    with ctx.database.read() as conn:
        other = conn.execute(sa.select(leads.c.public_id).where(leads.c.name == "Hồ An")).scalar_one()
    assert f"/leads/{other}/ask-consent" not in sales.get(f"/leads/{other}?tab=consents").text
