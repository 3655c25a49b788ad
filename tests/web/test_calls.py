"""Webhooks and text messages on pages: every one with its state, what was answered, and another try."""

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.outbound.tables import outbox
from tests.web.client import Client
from tests.web.filled import Filled

PAGE = "/campaigns/welcome_series/calls"


def test_every_state_is_counted_and_leads_to_its_list(marketer: Client) -> None:
    """Two kinds in seven states, on the campaign's page and on their own."""
    text = marketer.get(PAGE).text
    assert text.count('class="chip plain quiet"') == 14
    assert "kind=sms&amp;state=unknown" in marketer.get("/campaigns/welcome_series").text
    only = marketer.get(f"{PAGE}?kind=webhook&state=failed").text
    assert only.count("410") == 1  # in the reason's words
    assert "&lt;script&gt;" in only
    assert "<script>alert" not in only


def test_a_failed_one_is_tried_again(marketer: Client, house: Filled, ctx: Context) -> None:
    """And says so."""
    marketer.get(f"{PAGE}?state=failed")
    answer = marketer.post(f"/calls/{house.call}/retry", {"next": PAGE})
    assert answer.headers["Location"] == PAGE
    assert marketer.follow(answer).status_code == 200
    with ctx.database.read() as conn:
        state = conn.execute(sa.select(outbox.c.state).where(outbox.c.public_id == house.call)).scalar_one()
    assert state == "queued"
    assert marketer.post(f"/calls/{house.call}/retry").status_code == 409


def test_only_who_defines_campaigns_has_one_tried_again(sales: Client, viewer: Client, house: Filled) -> None:
    """The others see no button, and are refused."""
    for one in (sales, viewer):
        assert "/retry" not in one.get(PAGE).text
        assert one.post(f"/calls/{house.call}/retry").status_code == 403


def test_a_salesperson_sees_those_of_own_leads_only(sales: Client, house: Filled, ctx: Context) -> None:
    """And counts only them."""
    assert "crm" in sales.get(PAGE).text
    with ctx.database.write() as conn:
        other = house.people["other_sales"]
        conn.execute(leads.update().where(leads.c.public_id == house.leads["of_sales"]).values(owner_id=other))
    text = sales.get(PAGE).text
    assert "crm" not in text
    assert 'class="chip plain quiet"' not in text


def test_the_lead_s_page_shows_its_latest(sales: Client, house: Filled) -> None:
    """Beside its emails, with state and reason; what was sent stands in the timeline, too."""
    text = sales.get(f"/leads/{house.leads['of_sales']}?tab=emails").text
    assert 'id="calls-title"' in text
    assert "&lt;script&gt;" in text
    assert "calls-title" not in sales.get(f"/leads/{house.leads['free']}?tab=emails").text


def test_a_campaign_that_is_not_there_has_no_calls(marketer: Client) -> None:
    """404."""
    assert marketer.get("/campaigns/nothing/calls").status_code == 404
    assert marketer.post("/calls/nothing/retry").status_code == 404


def test_a_yes_to_text_messages_is_kept_with_its_proof(sales: Client, house: Filled, ctx: Context) -> None:
    """A no is stronger than a yes that we write down; both stand in the timeline."""
    tab, post = (f"/leads/{house.leads['of_sales']}{rest}" for rest in ("?tab=consents", "/texts?tab=consents"))
    before = sales.get(tab).text.count("no_consent")
    assert before
    assert sales.post(post, {"do": "agree", "proof": " "}).status_code == 422
    said = sales.follow(sales.post(post, {"do": "agree", "proof": "Nói qua điện thoại"}))
    assert "Nói qua điện thoại" in said.text
    assert said.text.count("no_consent") == sales.get(tab).text.count("no_consent") < before
    said = sales.follow(sales.post(post, {"do": "refuse"}))
    assert "sms_refused" in said.text
    assert sales.post(post, {"do": "agree", "proof": "x"}).status_code == 422
    text = sales.get(f"/leads/{house.leads['of_sales']}").text
    assert "Từ chối tin nhắn" in text
    assert "Đồng ý nhận tin nhắn" in text


def test_a_lead_of_somebody_else_is_not_spoken_for(sales: Client, viewer: Client, house: Filled) -> None:
    """Nor by who only looks."""
    sales.get("/me")
    assert sales.post(f"/leads/{house.leads['of_other']}/texts", {"do": "refuse"}).status_code == 404
    viewer.get("/me")
    assert viewer.post(f"/leads/{house.leads['of_sales']}/texts", {"do": "refuse"}).status_code == 403
