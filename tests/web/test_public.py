"""The way out of our mail: GET shows, POST acts, one click works without cookie or token."""

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.consents.tables import suppressions
from nurture.kernel.context import Context
from tests.web.filled import Filled


def _lines(ctx: Context) -> int:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar_one()


def test_looking_changes_nothing_and_hides_the_address(app: Flask, ctx: Context, house: Filled) -> None:
    """Mail scanners open every link."""
    before = _lines(ctx)
    answer = app.test_client().get(f"/u/{house.unsubscribe}")
    assert answer.status_code == 200
    assert "k***@example.net" in answer.text
    assert "khach1@" not in answer.text
    assert not answer.headers.getlist("Set-Cookie")
    assert "<script" not in answer.text
    assert _lines(ctx) == before


def test_one_click_needs_neither_cookie_nor_token(app: Flask, ctx: Context, house: Filled) -> None:
    """RFC 8058: the mail program posts for the reader."""
    before = _lines(ctx)
    answer = app.test_client().post(f"/u/{house.unsubscribe}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert _lines(ctx) == before + 1
    assert app.test_client().post(f"/u/{house.unsubscribe}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert _lines(ctx) == before + 1


@pytest.mark.parametrize(("lang", "stopped"), [("vi", "Đã dừng."), ("en", "Stopped.")])
def test_the_button_stops_and_the_mind_may_be_changed(app: Flask, house: Filled, lang: str, stopped: str) -> None:
    """In both languages, without a script."""
    visitor = app.test_client()
    path = f"/u/{house.unsubscribe}?lang={lang}"
    assert stopped in visitor.post(path, data={"do": "leave"}).text
    assert stopped in visitor.get(path).text
    assert stopped not in visitor.post(path, data={"do": "return"}).text


def test_a_forged_token_gets_the_same_page_as_an_unknown_one(app: Flask, house: Filled) -> None:
    """And a POST with it changes nothing."""
    visitor = app.test_client()
    forged, unknown = visitor.get(f"/u/{house.unsubscribe[:-2]}xx"), visitor.get("/u/nothing")
    assert (forged.status_code, unknown.status_code) == (404, 404)
    assert forged.text == unknown.text
    assert visitor.post(f"/u/{house.unsubscribe[:-2]}xx", data={"do": "leave"}).status_code == 404
