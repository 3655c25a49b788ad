"""Alerts: whom they are for, the three answers to one, news by polling; and Today of marketers."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.alerts.tables import alerts
from nurture.campaigns.tables import campaigns
from nurture.delivery.tables import routes
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

ENGLISH = {"Accept_Language": "en"}
WHY = {
    "code": "prices", "at": "2026-11-03T00:01:00+00:00", "name": {"vi": "Xem bảng giá", "en": "Saw the prices"},
    "params": {"url": "https://example.vn/bang-gia", "count": 3},
}  # fmt: skip


@pytest.fixture
def alert(ctx: Context, house: Filled) -> int:
    """One open alert of the salesperson, about their opportunity; no other."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        conn.execute(alerts.delete())
        one = conn.execute(opportunities.select().where(opportunities.c.public_id == house.opportunity)).one()
        values = {"key": "hot_lead:1:x", "trigger": "hot_lead", "lead_id": one.lead_id, "opportunity_id": one.id,
                  "owner_id": house.people["sales"], "state": "open", "reasons": [WHY],
                  "raised_at": now - timedelta(minutes=30), "email": "none"}  # fmt: skip
        return int(conn.execute(alerts.insert().values(values).returning(alerts.c.id)).scalar_one())


def _row(ctx: Context, alert: int) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(alerts).where(alerts.c.id == alert)).one()


def _deal(ctx: Context, house: Filled) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(opportunities.select().where(opportunities.c.public_id == house.opportunity)).one()


def test_an_alert_tells_whom_to_call_and_why(sales: Client, house: Filled, alert: int) -> None:
    """On Today, on its own page, and on the lead's."""
    for path in ("/today", "/alerts", f"/leads/{house.leads['of_sales']}"):
        text = sales.get(path, **ENGLISH).text
        assert f'id="alert-{alert}"' in text
        assert "Saw the prices: example.vn/bang-gia, 3 times" in text
        assert 'href="tel:+84901234001"' in text


def test_an_alert_that_was_taken_back_is_spoken_of(ctx: Context, sales: Client, alert: int) -> None:
    """To its owner, with the reason, for two days; it waits for nobody any more."""
    ended = {"state": "withdrawn", "ended_reason": "verdict_changed", "ended_by": "engine"}
    now = ctx.clock.engine()
    for ago, shown in ((timedelta(hours=1), True), (timedelta(days=3), False)):
        with ctx.database.write() as conn:
            conn.execute(alerts.update().where(alerts.c.id == alert).values(ended_at=now - ago, **ended))
        text = sales.get("/alerts", **ENGLISH).text
        assert f'id="alert-{alert}"' not in text
        assert ("Taken back lately" in text) is shown
        assert ("turned out to be a machine" in text) is shown


def test_alerts_are_their_owners(client: Client, marketer: Client, sales: Client, alert: int) -> None:
    """A colleague sees nothing; who sees every lead sees it among everybody's, not among their own."""
    mark = f'id="alert-{alert}"'
    other = client.sign_in("other_sales")
    assert mark not in other.get("/alerts").text
    assert mark not in other.get("/alerts?of=all").text
    assert mark not in marketer.get("/alerts?of=mine").text
    assert mark in marketer.get("/alerts?of=all").text
    assert mark in sales.get("/alerts").text


def test_the_page_opens_on_what_is_not_empty(
    client: Client, marketer: Client, ctx: Context, house: Filled, alert: int
) -> None:
    """Everybody's for who sees every lead and has none of their own; their own as soon as they have one."""
    everybodys, mine = 'data-live="/alerts?of=all"', 'data-live="/alerts?of=mine"'
    assert f'id="alert-{alert}"' in marketer.get("/alerts").text
    assert everybodys in marketer.get("/alerts").text
    assert mine in client.sign_in("other_sales").get("/alerts").text
    with ctx.database.write() as conn:
        conn.execute(alerts.update().values(owner_id=house.people["marketer"]))
    assert mine in marketer.get("/alerts").text


def test_accepting_leads_to_the_opportunity_and_accepts_it(
    sales: Client, ctx: Context, house: Filled, alert: int
) -> None:
    """The alert is done."""
    sales.get("/alerts")
    answer = sales.post(f"/alerts/{alert}/accept")
    assert answer.headers["Location"] == f"/opportunities/{house.opportunity}"
    assert (_row(ctx, alert).state, _row(ctx, alert).ended_by) == ("accepted", f"user:{house.people['sales']}")
    assert _deal(ctx, house).accepted_at is not None
    assert f'id="alert-{alert}"' not in sales.get("/today").text


@pytest.mark.parametrize(
    ("choice", "local"),
    [("hour", None), ("tomorrow", (1, 9)), ("week", (6, 9))],
)
def test_an_alert_put_off_shows_again_then(
    sales: Client, ctx: Context, alert: int, choice: str, local: tuple[int, int] | None
) -> None:
    """And not before. The house stands on a Tuesday."""
    sales.get("/alerts")
    now = ctx.clock.engine()
    assert sales.post(f"/alerts/{alert}/later", {"until": choice}).status_code == 303
    one = _row(ctx, alert)
    here = one.later_until + timedelta(hours=7)
    if local is None:
        assert one.later_until == now + timedelta(hours=1)
    else:
        days = (here.date() - (now + timedelta(hours=7)).date()).days
        assert (days, here.hour) == local
    assert f'id="alert-{alert}"' not in sales.get("/alerts").text
    ctx.clock.advance(one.later_until - now + timedelta(minutes=1))  # type: ignore[attr-defined]
    assert f'id="alert-{alert}"' in sales.get("/alerts").text


def test_saying_that_it_is_none_gives_the_lead_back(sales: Client, ctx: Context, house: Filled, alert: int) -> None:
    """With the reason; an opportunity nobody has accepted goes back to marketing."""
    sales.get("/alerts")
    assert sales.post(f"/alerts/{alert}/dismiss", {"words": "Sinh viên làm khảo sát"}).status_code == 303
    assert (_row(ctx, alert).state, _row(ctx, alert).ended_reason) == ("dismissed", "Sinh viên làm khảo sát")
    assert _deal(ctx, house).state == "returned"


@pytest.mark.parametrize(("verb", "fields"), [("dismiss", {}), ("later", {}), ("later", {"until": "never"})])
def test_an_answer_needs_its_reason_or_its_time(
    sales: Client, ctx: Context, alert: int, verb: str, fields: dict[str, str]
) -> None:
    """422, the form open with what is missing."""
    sales.get("/alerts")
    answer = sales.post(f"/alerts/{alert}/{verb}", fields)
    assert answer.status_code == 422
    assert "data-focus" in answer.text
    assert _row(ctx, alert).state == "open"


@pytest.mark.parametrize("verb", ["accept", "later", "dismiss"])
def test_rights_are_checked_on_every_answer(
    client: Client, viewer: Client, sales: Client, ctx: Context, alert: int, verb: str
) -> None:
    """404 for a colleague, 403 for who may only look, 409 for who is too late."""
    fields = {"until": "hour", "words": "x"}
    for who, status in ((client.sign_in("other_sales"), 404), (viewer, 403)):
        who.get("/me")
        assert who.post(f"/alerts/{alert}/{verb}", fields).status_code == status
    assert _row(ctx, alert).state == "open"
    with ctx.database.write() as conn:
        conn.execute(alerts.update().values(state="accepted"))
    sales.get("/me")
    assert sales.post(f"/alerts/{alert}/{verb}", fields).status_code == 409


def test_a_poll_is_answered_with_nothing_until_there_is_news(
    sales: Client, ctx: Context, house: Filled, alert: int
) -> None:
    """Today's list and the page's are asked for at the same address."""
    for number, path in enumerate(("/today", "/alerts")):
        region = re.search(r'id="call-first" data-live="([^"]+)"[^>]*data-version="([^"]+)"', sales.get(path).text)
        assert region is not None
        url = region[1].replace("&amp;", "&")
        url += f"{'&' if '?' in url else '?'}since={region[2]}"
        assert sales.get(url, X_Live="true", HX_Request="true").status_code == 204
        with ctx.database.write() as conn:
            conn.execute(alerts.update().values(reasons=[WHY | {"code": str(number)}]))
        assert sales.get(url, X_Live="true", HX_Request="true").status_code == 200


def test_a_hostile_name_stays_text(sales: Client, ctx: Context, alert: int) -> None:
    """On Today and on the page."""
    with ctx.database.write() as conn:
        lead = _row(ctx, alert).lead_id
        conn.execute(leads.update().where(leads.c.id == lead).values(name=HOSTILE + "Ễ" * 300))
        conn.execute(alerts.update().values(reasons=[
            {"code": "x", "at": ctx.clock.engine().isoformat(), "name": {"vi": HOSTILE}, "params": {"url": HOSTILE}},
        ]))  # fmt: skip
    for path in ("/today", "/alerts"):
        text = sales.get(path).text
        assert "<script>alert" not in text
        assert "{{ 7*7 }}" in text


# Today of who does not sell


def test_today_of_marketers_names_what_needs_a_person(
    marketer: Client, sales: Client, ctx: Context, house: Filled, alert: int
) -> None:
    """Each with the list behind it; nothing of it is for sales."""
    with ctx.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id.in_(house.messages[:3])).values(state="unknown"))
        welcome = sa.select(campaigns.c.id).where(campaigns.c.key == "welcome_series").scalar_subquery()
        some = sa.select(enrollments.c.id).where(enrollments.c.campaign_id == welcome).limit(2)
        conn.execute(enrollments.update().where(enrollments.c.id.in_(some)).values(state="failed", error="x"))
        conn.execute(routes.insert().values(
            key="smtp", state="paused", reason="535 <b>no</b>", since=ctx.clock.real(), failures=3
        ))  # fmt: skip
        conn.execute(alerts.update().values(raised_at=ctx.clock.engine() - timedelta(hours=5)))
    text = marketer.get("/today", **ENGLISH).text
    assert re.search(r"\d+ emails? may or may not have arrived", text)
    assert 'href="/sends/unknown"' in text
    assert "2 leads failed in" in text
    assert "The mail server “smtp” is paused: 535 &lt;b&gt;no&lt;/b&gt;" in text
    assert "1 hot lead waits for a call, 1 of them for over 4 hours" in text
    assert 'href="/alerts?of=all"' in text
    assert "may or may not have arrived" not in sales.get("/today", **ENGLISH).text


def test_todays_figures_lead_to_lists_of_that_many(marketer: Client) -> None:
    """What waits is what the account says."""
    today = marketer.get("/today", **ENGLISH).text
    queued = re.search(r'href="/sends\?state=queued"><b>(\d+)</b>', today)
    account = re.search(r'state=queued"[^>]*>\s*<b class="nums">(\d+)</b>', marketer.get("/sends").text)
    assert queued is not None
    assert account is not None
    assert queued[1] == account[1]


def test_a_copied_installation_says_so_to_the_administrator(client: Client, ctx: Context) -> None:
    """Nothing is sent until it is claimed."""
    with ctx.database.write() as conn:
        conn.exec_driver_sql("UPDATE installation SET stopped_sending = 'This database was copied'")
    text = client.sign_in("admin").get("/today", **ENGLISH).text
    assert "This database was copied" in text[text.index("<main") :]
