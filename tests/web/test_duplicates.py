"""The page of duplicates: one pair at a time, which value stays, what follows, merged or kept apart; by whom."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.kernel.context import Context
from nurture.leads import service as leads
from nurture.leads.model import NewLead
from nurture.leads.tables import distinct_leads
from nurture.leads.tables import leads as table
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

PAGE = "/leads/duplicates"


@pytest.fixture
def pair(ctx: Context, house: Filled) -> tuple[str, str]:
    """The salesperson's lead and another of theirs that has its number and another name; their public ids."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    owner = house.people["sales"]
    with ctx.database.write() as conn:
        new = NewLead(email="khachmoi@example.net", phone="0901 234 001", name=HOSTILE, city="Huế", owner_id=owner)
        added = leads.add(conn, new, now=now, real=real, actor="cli", cause="cli")
    return house.leads["of_sales"], added.public_id


def _row(ctx: Context, public_id: str) -> sa.Row[tuple[object, ...]]:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(table).where(table.c.public_id == public_id)).one()


def test_a_pair_is_shown_side_by_side_with_what_follows(sales: Client, pair: tuple[str, str]) -> None:
    """Hostile names stay text."""
    text = sales.get(PAGE).text
    assert "Trùng số điện thoại." in text
    for one in pair:
        assert f"/leads/{one}" in text
    assert 'name="take.name"' in text
    assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in text
    assert "&lt;/script&gt;49" not in text
    assert "Kết quả sau khi gộp" in text


def test_nothing_alike_is_an_empty_page(sales: Client, house: Filled) -> None:
    """It says what would be shown."""
    assert house.leads
    assert "Không có cặp nào" in sales.get(PAGE).text
    assert "Không còn cặp nào" in sales.get(PAGE + "?after=9~9").text
    assert sales.get(PAGE + "?after=x~9&keep=nobody").status_code == 200


def test_merging_takes_what_was_chosen(sales: Client, ctx: Context, pair: tuple[str, str]) -> None:
    """The winner stays, the loser's page leads to it, and the next pair is shown."""
    winner, loser = pair
    before = _row(ctx, winner)
    chosen = {"winner": winner, "loser": loser, "take.name": "winner", "take.city": "loser"}
    answer = sales.post(f"{PAGE}/merge", chosen)
    assert answer.status_code == 303
    assert answer.headers["Location"] == PAGE
    after = _row(ctx, winner)
    assert (after.name, after.city) == (before.name, "Huế")
    assert _row(ctx, loser).merged_into == after.id
    old = sales.get(f"/leads/{loser}")
    assert (old.status_code, old.headers["Location"]) == (303, f"/leads/{winner}")
    shown = sales.get(PAGE).text
    assert "Không có cặp nào" in shown
    assert sales.get(f"/leads/{winner}").text.count("vào khách này") >= 1


def test_what_is_chosen_out_of_nothing_is_refused(sales: Client, ctx: Context, pair: tuple[str, str]) -> None:
    """The pair is shown again, with why."""
    winner, loser = pair
    answer = sales.post(f"{PAGE}/merge", {"winner": winner, "loser": loser, "take.company": "loser"})
    assert answer.status_code == 422
    assert "company" in answer.text
    assert _row(ctx, loser).merged_into is None


def test_the_other_one_can_be_kept(sales: Client, pair: tuple[str, str]) -> None:
    """The link turns the pair round."""
    text = sales.get(PAGE).text
    (winner,) = re.findall(r'name="winner" value="([^"]+)"', text)
    (turned,) = re.findall(r'href="([^"]*keep=[^"]+)"', text)
    (now_winner,) = re.findall(r'name="winner" value="([^"]+)"', sales.get(turned.replace("&amp;", "&")).text)
    assert {winner, now_winner} == set(pair)


def test_a_pair_kept_apart_is_not_shown_any_more(sales: Client, ctx: Context, pair: tuple[str, str]) -> None:
    """Until that is taken back."""
    both = {"winner": pair[0], "loser": pair[1]}
    assert sales.post(f"{PAGE}/different", both).status_code == 303
    assert sales.post(f"{PAGE}/different", both).status_code == 303
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(distinct_leads)).scalar_one() == 1
    assert "Không có cặp nào" in sales.get(PAGE).text
    sales.post(f"{PAGE}/together", both)
    assert f"/leads/{pair[1]}" in sales.get(PAGE).text


def test_a_no_is_said_before_the_merge(sales: Client, ctx: Context, pair: tuple[str, str]) -> None:
    """That of the one that is merged closes the address that stays."""
    said = Said(Method.PERSON, "test", "cli", "cli", ctx.clock.engine(), ctx.clock.real())
    assert 'data-reason="complained"' not in sales.get(PAGE).text
    with ctx.database.write() as conn:
        suppress(conn, ctx.keys, "khachmoi@example.net", SuppressionReason.COMPLAINED, said=said)
    assert 'data-reason="complained"' in sales.get(PAGE).text


@pytest.mark.parametrize("who", ["viewer", "other_sales"])
def test_only_who_may_change_both_merges(
    app: Flask, ctx: Context, house: Filled, pair: tuple[str, str], who: str
) -> None:
    """A viewer looks; another salesperson is told there is no such lead, and sees no such pair."""
    client = Client(app).sign_in(who)
    text = client.get(PAGE).text
    assert ("Trùng số điện thoại." in text) is (who == "viewer")
    assert f"{PAGE}/merge" not in text or who == "viewer"
    for path in ("merge", "different", "together"):
        status = client.post(f"{PAGE}/{path}", {"winner": pair[0], "loser": pair[1]}).status_code
        assert status == (403 if who == "viewer" else 404)
    one_of_two = {"winner": house.leads["of_other"], "loser": pair[1]}
    assert client.post(f"{PAGE}/merge", one_of_two).status_code in {403, 404}
    assert client.get(f"{PAGE}?one={pair[0]}&other={pair[1]}").status_code == (200 if who == "viewer" else 404)
    assert _row(ctx, pair[1]).merged_into is None
