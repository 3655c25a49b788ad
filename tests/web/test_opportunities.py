"""Board, table and one opportunity: totals, rights, every act with its trace, and what happens when two are at it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.users.tables import users
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

ENGLISH = {"Accept_Language": "en"}


def _row(ctx: Context, house: Filled) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(opportunities).where(opportunities.c.public_id == house.opportunity)).one()


def _lead(ctx: Context, house: Filled) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(leads).where(leads.c.id == _row(ctx, house).lead_id)).one()


def _change(ctx: Context, house: Filled, **values: Any) -> None:
    with ctx.database.write() as conn:
        conn.execute(opportunities.update().where(opportunities.c.public_id == house.opportunity).values(**values))


def _act(client: Client, house: Filled, verb: str, ctx: Context, **fields: str) -> Any:
    version = fields.pop("version", str(_row(ctx, house).version))
    client.get("/me")
    return client.post(f"/opportunities/{house.opportunity}/{verb}", {"version": version, **fields})


# the board


def test_each_stage_says_how_many_and_how_much(sales: Client, ctx: Context, house: Filled) -> None:
    """The figures are those of the cards, and all of them add up."""
    _change(ctx, house, value=12_500_000)
    text = sales.get("/opportunities", **ENGLISH).text
    lanes = re.findall(r'<section class="lane".*?</section>', text, re.DOTALL)
    counts = [int(re.search(r'nums">(\d+)', lane)[1]) for lane in lanes]  # type: ignore[index]
    assert counts == [lane.count("<article") for lane in lanes]
    assert sum(counts) >= 1
    assert "12,500,000" in text
    assert "12.5M\u00a0₫" in text


@pytest.mark.parametrize("path", ["/opportunities", "/opportunities?as=table", "/opportunities?owner=none"])
def test_a_colleagues_opportunity_is_on_no_board(
    client: Client, sales: Client, marketer: Client, house: Filled, path: str
) -> None:
    """The marketer sees it, its owner sees it, the other salesperson does not."""
    other = client.sign_in("other_sales")
    assert f"/opportunities/{house.opportunity}" not in other.get(path).text
    if "none" not in path:
        assert f"/opportunities/{house.opportunity}" in sales.get(path).text
        assert f"/opportunities/{house.opportunity}" in marketer.get(path).text


def test_the_owner_filter_narrows_board_and_table(marketer: Client, house: Filled) -> None:
    """By person, by nobody, by oneself."""
    card = f"/opportunities/{house.opportunity}"
    for way in ("", "&as=table"):
        assert card in marketer.get(f"/opportunities?owner={house.people['sales']}{way}").text
        assert card not in marketer.get(f"/opportunities?owner={house.people['other_sales']}{way}").text
        assert card not in marketer.get(f"/opportunities?owner=me{way}").text
    assert card not in marketer.get("/opportunities?as=table&state=lost").text


def test_a_card_over_its_time_says_so_in_words(sales: Client, ctx: Context, house: Filled) -> None:
    """Not by color alone."""
    assert "too long" not in sales.get("/opportunities", **ENGLISH).text
    _change(ctx, house, stage_since=ctx.clock.engine() - timedelta(days=9))
    assert "9 days here, too long" in sales.get("/opportunities", **ENGLISH).text


def test_a_card_moves_from_the_board_and_back(sales: Client, ctx: Context, house: Filled) -> None:
    """The toast holds the way back."""
    sales.get("/opportunities")
    answer = _act(sales, house, "move", ctx, stage="quoted", next="/opportunities?owner=me")
    assert answer.headers["Location"] == "/opportunities?owner=me"
    assert _row(ctx, house).stage == "quoted"
    shown = sales.follow(answer).text
    toast = shown.split('class="toast-line"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(stage|version|next)" value="([^"]*)"', toast))
    sales.post(f"/opportunities/{house.opportunity}/move", fields)
    assert _row(ctx, house).stage == "new"


def test_a_hostile_name_stays_text_everywhere(marketer: Client, ctx: Context, house: Filled) -> None:
    """On the board, in the table, on the page, and in the toast."""
    _change(ctx, house, name=HOSTILE + "Ễ" * 300, next_step=HOSTILE)
    with ctx.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == _row(ctx, house).lead_id).values(name=HOSTILE + "Ễ" * 300))
    for path in ("/opportunities", "/opportunities?as=table", f"/opportunities/{house.opportunity}"):
        text = marketer.get(path).text
        assert "<script>alert" not in text
        assert "{{ 7*7 }}" in text
    shown = marketer.follow(_act(marketer, house, "move", ctx, stage="quoted")).text
    assert "<script>alert" not in shown


# one opportunity


def test_its_page_says_why_it_opened(sales: Client, ctx: Context, house: Filled) -> None:
    """Each criterion with what was needed and seen."""
    _change(ctx, house, criteria=[
        {"key": "temperature", "needed": "hot", "seen": "hot", "holds": True},
        {"key": "fit", "needed": 15, "seen": 12, "holds": False},
    ])  # fmt: skip
    text = sales.get(f"/opportunities/{house.opportunity}", **ENGLISH).text
    assert "needed hot, seen hot" in text
    assert "needed 15, seen 12" in text
    assert "does not hold" in text


Check = Callable[[Any, Any], bool]


@pytest.mark.parametrize(
    ("verb", "fields", "check"),
    [
        ("accept", {}, lambda one, _: one.accepted_at is not None),
        ("stage", {"stage": "quoted"}, lambda one, _: one.stage == "quoted"),
        ("value", {"value": "12,5 triệu"}, lambda one, _: one.value == 12_500_000),
        ("next", {"next_step": "Gọi lại", "next_at": "2026-11-05T09:00"},
         lambda one, _: one.next_step == "Gọi lại" and f"{one.next_at:%d %H:%M}" == "05 02:00"),
        ("win", {"value": "20.000.000"},
         lambda one, lead: (one.state, one.value, lead.lifecycle) == ("won", 20_000_000, "customer")),
        ("lose", {"reason": "price"}, lambda one, _: (one.state, one.reason) == ("lost", "price")),
        ("lose", {"reason": "price", "words": "Chờ quý sau"}, lambda one, _: one.reason == "Chờ quý sau"),
        ("return", {"reason": "too_early"}, lambda one, lead: one.state == "returned" and lead.owner_id is None),
    ],
    ids=["accept", "stage", "value", "next", "win", "lose", "lose in words", "return"],
)  # fmt: skip
def test_each_act_is_kept_with_its_author(
    sales: Client, ctx: Context, house: Filled, verb: str, fields: dict[str, str], check: Check
) -> None:
    """303, the new values, a new version, a line in its history."""
    before = _row(ctx, house)
    answer = _act(sales, house, verb, ctx, **fields)
    assert answer.status_code == 303, answer.text[:500]
    after = _row(ctx, house)
    assert check(after, _lead(ctx, house))
    assert after.version > before.version
    with ctx.database.read() as conn:
        query = sa.select(opportunity_changes.c.actor).where(opportunity_changes.c.opportunity_id == after.id)
        last = conn.execute(query.order_by(opportunity_changes.c.id.desc())).scalars().first()
    assert last == f"user:{house.people['sales']}"
    assert sales.follow(answer).status_code == 200


def test_handing_over_takes_the_lead_along(sales: Client, ctx: Context, house: Filled) -> None:
    """The one who gave it away goes to the board: the page is no longer theirs."""
    answer = _act(sales, house, "owner", ctx, owner=str(house.people["other_sales"]))
    assert answer.headers["Location"] == "/opportunities"
    assert _row(ctx, house).owner_id == _lead(ctx, house).owner_id == house.people["other_sales"]
    assert sales.get(f"/opportunities/{house.opportunity}").status_code == 404


@pytest.mark.parametrize(
    ("verb", "fields", "field"),
    [
        ("value", {"value": "mười triệu"}, "value"),
        ("value", {"value": "-5"}, "value"),
        ("value", {"value": "9" * 30}, "value"),
        ("win", {"value": "x"}, "value"),
        ("next", {"next_step": "x", "next_at": "tomorrow"}, "next_at"),
        ("lose", {}, "reason"),
        ("return", {"words": "   "}, "reason"),
        ("stage", {"stage": "nowhere"}, ""),
        ("owner", {"owner": "99999"}, "owner"),
    ],
)
def test_what_cannot_be_is_refused_with_the_form_as_it_was(
    sales: Client, ctx: Context, house: Filled, verb: str, fields: dict[str, str], field: str
) -> None:
    """422, a finding, nothing changed."""
    before = _row(ctx, house)
    answer = _act(sales, house, verb, ctx, **fields)
    assert answer.status_code == 422
    assert "data-focus" in answer.text
    assert not field or 'aria-invalid="true"' in answer.text
    assert _row(ctx, house) == before


VERBS = ("accept", "stage", "value", "next", "owner", "win", "lose", "return", "move")


@pytest.mark.parametrize("verb", VERBS)
def test_rights_are_checked_on_every_act(
    client: Client, viewer: Client, ctx: Context, house: Filled, verb: str
) -> None:
    """404 for a colleague, 403 for who may only look."""
    fields = {"stage": "quoted", "value": "5", "reason": "price", "owner": str(house.people["sales"]), "next_step": "x"}
    before = _row(ctx, house)
    assert _act(client.sign_in("other_sales"), house, verb, ctx, **fields).status_code == 404
    assert _act(viewer, house, verb, ctx, **fields).status_code == 403
    assert _row(ctx, house) == before


@pytest.mark.parametrize(
    ("verb", "fields", "mine", "theirs"),
    [
        ("stage", {"stage": "quoted"}, "Quoted", "Negotiating"),
        ("value", {"value": "7.000.000"}, "7.000.000 VND", "9.000.000 VND"),
        ("next", {"next_step": "Gọi sáng mai", "next_at": ""}, "Gọi sáng mai", "Gửi mẫu"),
    ],
)
def test_when_two_change_the_same_both_values_are_shown(
    sales: Client,
    marketer: Client,
    ctx: Context,
    house: Filled,
    verb: str,
    fields: dict[str, str],
    mine: str,
    theirs: str,
) -> None:
    """409 with who was faster; keeping mine then takes one press."""
    old = str(_row(ctx, house).version)
    others = {"stage": {"stage": "negotiating"}, "value": {"value": "9.000.000"},
              "next": {"next_step": "Gửi mẫu", "next_at": ""}}  # fmt: skip
    assert _act(marketer, house, verb, ctx, **others[verb]).status_code == 303
    sales.get("/me", **ENGLISH)
    answer = sales.post(f"/opportunities/{house.opportunity}/{verb}", {"version": old, **fields}, Accept_Language="en")
    assert answer.status_code == 409
    conflict = answer.text[answer.text.index('id="conflict"') : answer.text.index("</main>")]
    shown = re.findall(r"<strong>(.*?)</strong>", conflict)
    assert shown == [mine, theirs]
    assert "Lê Minh Thư" in conflict
    form = re.search(r"<form.*?</form>", conflict, re.DOTALL)
    assert form is not None
    kept = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    assert kept["version"] == str(_row(ctx, house).version)
    assert sales.post(f"/opportunities/{house.opportunity}/{verb}", kept).status_code == 303
    wanted = {"stage": "quoted", "value": 7_000_000, "next": "Gọi sáng mai"}[verb]
    one = _row(ctx, house)
    assert wanted in (one.stage, one.value, one.next_step)


def test_a_closed_one_offers_nothing_and_takes_nothing(sales: Client, ctx: Context, house: Filled) -> None:
    """Its page says how it ended, with the reason in words."""
    assert _act(sales, house, "lose", ctx, reason="price").status_code == 303
    text = sales.get(f"/opportunities/{house.opportunity}", **ENGLISH).text
    assert ': <span class="break">Price</span>' in text
    assert f'action="/opportunities/{house.opportunity}/' not in text
    assert _act(sales, house, "value", ctx, value="5").status_code == 409


def test_there_is_no_page_for_what_there_is_not(sales: Client, ctx: Context) -> None:
    """And without a pipeline the board says what is missing."""
    assert sales.get("/opportunities/none").status_code == 404
    with ctx.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM shared_definitions WHERE key = 'pipeline'")
    assert "There is no pipeline yet" in sales.get("/opportunities", **ENGLISH).text


# Today


def test_today_of_sales_shows_what_is_due_or_late(sales: Client, ctx: Context, house: Filled) -> None:
    """Not what may wait."""
    link = f'strong break" href="/opportunities/{house.opportunity}"'
    _change(ctx, house, next_at=ctx.clock.engine() + timedelta(days=5), next_step="Gửi hợp đồng")
    assert link not in sales.get("/today").text
    _change(ctx, house, next_at=ctx.clock.engine() - timedelta(hours=5))
    assert link in sales.get("/today").text
    _change(ctx, house, next_at=None, next_step="", stage_since=ctx.clock.engine() - timedelta(days=9))
    assert link in sales.get("/today").text
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(users.c.id).where(users.c.id == house.people["sales"])).scalar_one()
