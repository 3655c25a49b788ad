"""The list of leads and a lead's page: who may see what, what is found, what each action leaves behind."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.campaigns.tables import campaigns
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import lead_tags, leads
from nurture.messages.tables import messages
from nurture.users.tables import audit
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

ACTIONS = (
    "tag",
    "untag",
    "record",
    "temperature",
    "owner",
    "mail",
    "consent",
    "refusal",
    "enroll",
    "leave",
    "opportunity",
    "edit",
)


def _rows(text: str) -> list[str]:
    found = re.findall(r'<td role="cell" class="name"><a[^>]*>([^<]*)</a>', text)
    return [html.unescape(name) for name in found]


def _lead(ctx: Context, public_id: str) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(leads).where(leads.c.public_id == public_id)).one()


def _newest(ctx: Context, public_id: str) -> Any:
    with ctx.database.read() as conn:
        query = sa.select(activities).join(leads, leads.c.id == activities.c.lead_id)
        return conn.execute(query.where(leads.c.public_id == public_id).order_by(activities.c.id.desc())).first()


def _audited(ctx: Context, public_id: str) -> list[str]:
    with ctx.database.read() as conn:
        query = sa.select(audit.c.action).where(audit.c.subject == f"lead:{public_id}").order_by(audit.c.id)
        return list(conn.execute(query).scalars())


# seeing


def test_a_salesperson_sees_their_own_and_the_unassigned(sales: Client, marketer: Client, house: Filled) -> None:
    """A colleague's lead is not in the list, and its page does not exist."""
    assert marketer.get(f"/leads/{house.leads['of_other']}").status_code == 200
    for path in ("", "?tab=score", "/why", "/edit"):
        assert sales.get(f"/leads/{house.leads['of_other']}{path}").status_code == 404
    assert sales.get(f"/leads/{house.leads['of_sales']}").status_code == 200
    assert sales.get(f"/leads/{house.leads['free']}").status_code == 200
    mine, every = sales.get("/leads"), marketer.get("/leads")
    assert house.leads["of_other"] not in mine.text
    assert house.leads["of_other"] in every.text or house.leads["of_other"] in marketer.get("/leads?sort=name").text


@pytest.mark.parametrize("action", ACTIONS)
def test_rights_are_checked_on_every_action(sales: Client, viewer: Client, house: Filled, action: str) -> None:
    """404 for a colleague's lead, 403 for who may only look."""
    fields = {
        "tag": "x",
        "temperature": "hot",
        "reason": "y",
        "kind": "note",
        "note": "z",
        "campaign": "welcome_series",
    }
    assert sales.post(f"/leads/{house.leads['of_other']}/{action}", fields).status_code == 404
    assert viewer.post(f"/leads/{house.leads['of_other']}/{action}", fields).status_code == 403


def test_search_ignores_diacritics(marketer: Client) -> None:
    """`nguyen` finds Nguyễn; the filters read as a sentence."""
    page = marketer.get("/leads?q=nguyen&temperature=cold")
    names = _rows(page.text)
    assert names
    assert all("Nguyễn" in name for name in names)
    assert "đang lạnh" in page.text
    assert "có “nguyen”" in html.unescape(page.text)


def test_pages_of_the_list_hold_every_lead_once(marketer: Client) -> None:
    """Keyset paging in each order, through the links of the page itself."""
    for sort in ("last_activity", "engagement", "created", "name"):
        seen: list[str] = []
        path: str | None = f"/leads?sort={sort}"
        while path:
            page = marketer.get(path)
            seen += re.findall(r'class="name"><a[^>]*href="/leads/(\w+)"', page.text)
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            path = html.unescape(following[1]) if following else None
        assert len(seen) == len(set(seen)) == 63, sort


def test_hostile_names_are_text(marketer: Client, house: Filled) -> None:
    """In the list, on the page, in titles."""
    for path in ("/leads", f"/leads/{house.leads['hostile']}", f"/leads/{house.leads['hostile']}/edit"):
        text = marketer.get(path).text
        assert "<script>alert" not in text
        assert html.escape(HOSTILE)[:40] in text or "&lt;script&gt;" in text
        assert "{{ 7*7 }}" in html.unescape(text)


# taking in, and many at once


def test_a_lead_is_added_and_belongs_to_the_salesperson(sales: Client, ctx: Context, house: Filled) -> None:
    """303 to its page."""
    sent = {"name": "Vũ Thị Lan", "phone": "0987 654 321", "tags": "Hội chợ, Mới"}
    page = sales.follow(sales.post("/leads/new", sent))
    assert "Vũ Thị Lan" in page.text
    assert "0987 654 321" in page.text
    with ctx.database.read() as conn:
        lead = conn.execute(sa.select(leads).where(leads.c.name == "Vũ Thị Lan")).one()
        assert sorted(conn.execute(sa.select(lead_tags.c.tag).where(lead_tags.c.lead_id == lead.id)).scalars()) == [
            "hoi_cho", "moi",
        ]  # fmt: skip
    assert lead.owner_id == house.people["sales"]
    assert _audited(ctx, lead.public_id) == ["lead.add"]


def test_a_refused_lead_keeps_what_was_written(sales: Client) -> None:
    """422, a summary that leads to each field, the values still there."""
    answer = sales.post("/leads/new", {"name": "Vũ Thị Lan", "email": "not an address", "phone": "12"})
    assert answer.status_code == 422
    assert 'value="Vũ Thị Lan"' in answer.text
    assert 'href="#f-email"' in answer.text
    assert 'href="#f-phone"' in answer.text
    assert 'aria-describedby="f-email-wrong' in answer.text


def test_a_known_address_leads_to_its_lead_for_who_may_see_it(sales: Client, house: Filled) -> None:
    """For a colleague's lead it is only said that there is one."""
    mine = sales.post("/leads/new", {"email": "KHACH1@example.net"})
    other = sales.post("/leads/new", {"email": "khach2@example.net"})
    assert (mine.status_code, other.status_code) == (422, 422)
    assert house.leads["of_sales"] in mine.text
    assert house.leads["of_other"] not in other.text


def test_many_leads_are_tagged_and_untagged_again(marketer: Client, ctx: Context, house: Filled) -> None:
    """Undo takes off only what was put on."""
    picked = [house.leads["lead0"], house.leads["lead1"]]
    done = marketer.post("/leads?q=nguyen", {"tag": "Khách hội thảo", "lead": picked})
    page = marketer.follow(done)
    assert done.headers["Location"] == "/leads?q=nguyen"
    undo = re.search(r'name="leads" value="([^"]+)"', page.text)
    assert undo is not None
    assert undo[1] == house.leads["lead1"]
    marketer.post("/leads/untag", {"tag": "Khách hội thảo", "leads": undo[1]})
    assert _newest(ctx, house.leads["lead1"]).kind == "untagged"
    assert _newest(ctx, house.leads["lead0"]).kind != "untagged"


def test_all_that_match_can_be_tagged(marketer: Client, ctx: Context) -> None:
    """The filter decides, not the page."""
    marketer.post("/leads?q=nguyen", {"tag": "họ Nguyễn", "all": "yes"})
    with ctx.database.read() as conn:
        tagged = conn.execute(
            sa.select(lead_tags.c.lead_id).where(lead_tags.c.tag == "ho_nguyen")
        ).scalars().all()  # fmt: skip
        every = conn.execute(sa.select(sa.func.count()).where(leads.c.search_text.contains("nguyen"))).scalar_one()
    assert len(tagged) == every > 0


# acting


def test_a_call_stands_in_the_timeline(sales: Client, ctx: Context, house: Filled) -> None:
    """With its outcome, note and author."""
    lead = house.leads["of_sales"]
    page = sales.follow(
        sales.post(f"/leads/{lead}/record", {"kind": "call", "outcome": "busy", "note": "Gọi lại\nsau 5h"})
    )
    assert "máy bận" in page.text
    assert "sau 5h" in page.text
    assert _newest(ctx, lead).detail == {"outcome": "busy", "note": "Gọi lại\nsau 5h"}
    assert _audited(ctx, lead)[-1] == "lead.called"


@pytest.mark.parametrize(
    ("action", "fields", "field"),
    [
        ("record", {"kind": "call"}, "f-call-outcome"),
        ("record", {"kind": "note", "note": "  "}, "f-note-note"),
        ("tag", {"tag": "!!"}, "f-tag-tag"),
        ("temperature", {"temperature": "hot"}, "f-temperature-reason"),
        ("temperature", {"temperature": "boiling", "reason": "x"}, "f-temperature-temperature"),
        ("owner", {"owner": "999"}, "f-owner-owner"),
        ("enroll", {"campaign": "welcome_series"}, "f-enroll-campaign"),
    ],
)
def test_a_refused_action_names_its_field(
    sales: Client, house: Filled, action: str, fields: dict[str, str], field: str
) -> None:
    """422, and the page with the form open."""
    answer = sales.post(f"/leads/{house.leads['of_sales']}/{action}", fields)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text


def test_a_temperature_by_hand_moves_the_score_and_says_who(sales: Client, ctx: Context, house: Filled) -> None:
    """It is a line of the ledger; the sum in the header is that of the ledger."""
    lead = house.leads["free"]
    sales.post(f"/leads/{lead}/temperature", {"temperature": "warm", "reason": "Gặp ở hội thảo"})
    row = _lead(ctx, lead)
    assert row.temperature == "warm"
    page = sales.get(f"/leads/{lead}?tab=score").text
    assert "Gặp ở hội thảo" in page
    assert f'id="total-engagement">{row.engagement}<' in page
    assert _audited(ctx, lead)[-1] == "lead.set_temperature"


def test_mail_is_stopped_and_let_go_again(sales: Client, ctx: Context, house: Filled) -> None:
    """The toast takes it back in one click."""
    lead = house.leads["of_sales"]
    page = sales.follow(sales.post(f"/leads/{lead}/mail", {"do": "stop", "reason": "Khách nhờ"}))
    assert _lead(ctx, lead).paused_reason == "Khách nhờ"
    assert 'name="do" value="resume"' in page.text
    sales.post(f"/leads/{lead}/mail", {"do": "resume"})
    assert _lead(ctx, lead).paused_at is None


def test_a_lead_given_away_is_out_of_sight(sales: Client, ctx: Context, house: Filled) -> None:
    """The salesperson goes on with the list."""
    lead = house.leads["of_sales"]
    answer = sales.post(f"/leads/{lead}/owner", {"owner": str(house.people["other_sales"])})
    assert answer.headers["Location"] == "/leads"
    assert _lead(ctx, lead).owner_id == house.people["other_sales"]
    assert sales.get(f"/leads/{lead}").status_code == 404


def test_a_refusal_told_to_us_blocks_the_address(sales: Client, ctx: Context, house: Filled) -> None:
    """Whatever was agreed to before."""
    lead = house.leads["of_sales"]
    sales.post(f"/leads/{lead}/refusal", {"proof": "Nói qua điện thoại"})
    assert "Khách đã từ chối nhận tin" in sales.get(f"/leads/{lead}?tab=consents").text


def test_an_opportunity_is_one_click(sales: Client, ctx: Context, house: Filled) -> None:
    """And belongs to who made it."""
    answer = sales.post(f"/leads/{house.leads['free']}/opportunity")
    assert answer.status_code == 303
    assert _lead(ctx, house.leads["free"]).lifecycle == "opportunity"
    assert "lead.open_opportunity" in _audited(ctx, house.leads["free"])


def test_a_lead_is_taken_out_of_a_campaign(sales: Client, ctx: Context, house: Filled) -> None:
    """Once: a second time it is not there any more."""
    lead = house.leads["lead4"]
    found = re.search(r'name="enrollment" value="(\d+)"', sales.get(f"/leads/{lead}").text)
    assert found is not None
    assert sales.post(f"/leads/{lead}/leave", {"enrollment": found[1]}).status_code == 303
    assert "Được đưa ra bằng tay" in html.unescape(sales.get(f"/leads/{lead}").text)
    assert sales.post(f"/leads/{lead}/leave", {"enrollment": found[1]}).status_code == 409
    other = re.search(r'name="enrollment" value="(\d+)"', sales.get(f"/leads/{house.leads['lead7']}").text)
    assert other is not None
    assert sales.post(f"/leads/{lead}/leave", {"enrollment": other[1]}).status_code == 409


def test_facts_are_put_right(sales: Client, ctx: Context, house: Filled) -> None:
    """What differs is written, and an address that is known is refused."""
    lead = house.leads["of_sales"]
    sales.post(f"/leads/{lead}/edit", {"name": "Trần Văn Hưng", "email": "khach1@example.net", "phone": "0901234001"})
    assert _lead(ctx, lead).name == "Trần Văn Hưng"
    answer = sales.post(f"/leads/{lead}/edit", {"email": "khach2@example.net"})
    assert answer.status_code == 422
    assert 'href="#f-email"' in answer.text


def test_htmx_gets_the_main_part_alone(sales: Client, house: Filled) -> None:
    """The same view, the same template, without the frame."""
    answer = sales.get(f"/leads/{house.leads['of_sales']}", HX_Request="true")
    assert '<main id="main"' in answer.text
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_why_says_what_was_seen(sales: Client, house: Filled) -> None:
    """Conditions with tick or cross and the value."""
    text = html.unescape(sales.get(f"/leads/{house.leads['of_sales']}/why").text)
    assert "Mức độ phù hợp ít nhất 15" in text
    assert "Lượt nhấp của máy quét, không tính điểm" in text
    assert sales.get(f"/leads/{house.leads['of_sales']}/why?segment=no-such").status_code == 404
    assert sales.get(f"/leads/{house.leads['of_sales']}/why?message=999999").status_code == 404


def test_older_emails_lead_back_to_the_first_page(marketer: Client, ctx: Context, house: Filled) -> None:
    """The way back names no place in the list any more, and keeps the tab."""
    query = sa.select(leads.c.public_id).join(messages, messages.c.lead_id == leads.c.id)
    with ctx.database.read() as conn:
        lead = conn.execute(query.where(messages.c.id == house.messages[0])).scalar_one()
    text = marketer.get(f"/leads/{lead}?tab=emails&before={10**9}").text
    pages = text[text.index('<nav class="pages"') :].partition("</nav>")[0]
    assert [html.unescape(one) for one in re.findall(r'<a[^>]*href="([^"]*)"', pages)] == [f"/leads/{lead}?tab=emails"]


def test_a_customer_is_not_pressed_into_an_opportunity(sales: Client, ctx: Context, house: Filled) -> None:
    """It may be made, but is not the first thing to do."""
    lead = house.leads["free"]
    button = re.compile(r'<button class="([^"]*)" type="submit">(?:(?!</button>).)*Tạo cơ hội</button>')
    before = button.search(sales.get(f"/leads/{lead}").text)
    with ctx.database.write() as conn:
        conn.execute(leads.update().where(leads.c.public_id == lead).values(lifecycle="customer"))
    after = button.search(sales.get(f"/leads/{lead}").text)
    assert before is not None
    assert after is not None
    assert ("btn-primary" in before[1], "btn-primary" in after[1]) == (True, False)


def test_a_wait_is_told_as_where_the_lead_is(marketer: Client, ctx: Context, house: Filled) -> None:
    """How long, when it is over, what follows; on the lead's page and in the campaign's list."""
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == house.leads["of_sales"])).scalar_one()
        welcome = sa.select(campaigns.c.id).where(campaigns.c.key == "welcome_series").scalar_subquery()
        mine = sa.and_(enrollments.c.lead_id == lead, enrollments.c.campaign_id == welcome)
        due = ctx.clock.engine() + timedelta(hours=5)
        changed = {
            "state": "active",
            "reason": None,
            "ended_at": None,
            "step": "breathe",
            "due_at": due,
            "held": None,
            "waits_for": None,
        }
        assert conn.execute(enrollments.update().where(mine).values(**changed)).rowcount == 1
    text = " ".join(re.sub(r"<[^>]+>", " ", marketer.get(f"/leads/{house.leads['of_sales']}").text).split())
    assert "đang chờ 2 ngày, xong sau 5 giờ nữa" in text
    assert "Sau đó: " in text
    assert "đang chờ, xong" in marketer.get("/campaigns/welcome_series/enrollments").text


def test_a_line_begins_with_a_capital(sales: Client, ctx: Context, house: Filled) -> None:
    """Also one that has no sentence of its own."""
    with ctx.database.write() as conn:
        one = sa.select(sa.func.max(activities.c.id)).join(leads, leads.c.id == activities.c.lead_id)
        newest = one.where(leads.c.public_id == house.leads["of_sales"]).scalar_subquery()
        conn.execute(activities.update().where(activities.c.id == newest).values(kind="form_submitted"))
    text = sales.get(f"/leads/{house.leads['of_sales']}", Accept_Language="en").text
    assert "<span>Form submitted</span>" in text
    assert "<span>form submitted" not in text
