"""The way out of our mail: GET shows, POST acts, one click works without cookie or token."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.campaigns.house import publish
from nurture.consents.tables import suppressions
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.tracking import refusal
from nurture.web.app import create_app
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


def _post(app: Flask, house: Filled, **form: Any) -> Any:
    return app.test_client().post(f"/u/{house.unsubscribe}?lang=vi", data=form)


def test_one_click_may_come_as_multipart_or_without_saying_its_form(app: Flask, ctx: Context, house: Filled) -> None:
    """Neither redirect nor cookie, and 200."""
    before, visitor = _lines(ctx), app.test_client()
    answers = [
        visitor.post(
            f"/u/{house.unsubscribe}", data={"List-Unsubscribe": "One-Click"}, content_type="multipart/form-data"
        ),
        visitor.post(f"/u/{house.unsubscribe}", data=b"List-Unsubscribe=One-Click"),
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert [one.headers.getlist("Set-Cookie") for one in answers] == [[], []]
    assert _lines(ctx) == before + 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_in_any_way_writes_nothing(app: Flask, ctx: Context, house: Filled, method: str) -> None:
    """Scanners try them all."""
    before = _lines(ctx)
    assert app.test_client().open(f"/u/{house.unsubscribe}", method=method).status_code == 200
    assert _lines(ctx) == before


def test_topics_may_be_refused_one_by_one_and_wanted_again(app: Flask, ctx: Context, house: Filled) -> None:
    """What is not ticked is refused; everything may still be refused."""
    with ctx.database.write() as conn:
        publish(conn, "topics: {news: {vi: Tin tức, en: News}, offers: {vi: Ưu đãi, en: Offers}}", ctx.clock.engine())
    page = _post(app, house, do="topics", topic=["news"]).text
    assert "Đã lưu." in page
    assert 'value="news" checked' in page
    assert 'value="offers">' in page
    assert "Từ chối nhận tin" in page
    assert 'value="offers" checked' in _post(app, house, do="topics", topic=["news", "offers"]).text


def test_a_pause_is_shown_with_its_last_day_and_ended_by_a_button(app: Flask, house: Filled) -> None:
    """Thirty, sixty or ninety days; another number is the nearest of these."""
    assert "Tạm dừng gửi thư đến ngày" in _post(app, house, do="pause", days="60").text
    assert "Tạm dừng gửi thư đến ngày" not in _post(app, house, do="resume").text
    assert _post(app, house, do="pause", days="99999999999999999999").status_code == 200


@pytest.fixture
def away(ctx: Context, tmp_path: Path) -> Iterator[Flask]:
    """The application while the database has nothing and takes nothing."""
    database = Database(f"sqlite:///{tmp_path / 'nothing.db'}")
    yield create_app(replace(ctx, database=database))
    database.close()


def test_while_the_database_is_away_a_no_is_kept_on_the_disk(away: Flask, ctx: Context, house: Filled) -> None:
    """The page shows, the refusal is noted, and holds as soon as the database is back; twice is once."""
    before, visitor, path = _lines(ctx), away.test_client(), f"/u/{house.unsubscribe}?lang=vi"
    assert "Từ chối nhận tin" in visitor.get(path).text
    assert visitor.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert "Đã ghi nhận." in visitor.post(path, data={"do": "leave"}).text
    assert _lines(ctx) == before
    assert refusal.drain(ctx) == 2
    assert (_lines(ctx), refusal.drain(ctx)) == (before + 1, 0)


def test_where_nothing_takes_it_the_page_says_so(away: Flask, ctx: Context, house: Filled) -> None:
    """Neither database nor disk: 503, and when to try again."""
    (ctx.settings.data_dir / "wishes").write_text("no folder")
    visitor = away.test_client()
    for form in ({"List-Unsubscribe": "One-Click"}, {"do": "leave"}):
        answer = visitor.post(f"/u/{house.unsubscribe}", data=form)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")


def test_the_page_that_asks_shows_by_get_and_agrees_by_post(app: Flask, house: Filled) -> None:
    """Both languages, the address masked, no cookie, no script; tracking is not ticked; a forged link says nothing."""
    visitor = app.test_client()
    path = f"/y/{house.agree}"
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert "d***@example.net" in answer.text
    assert "duochoi@" not in answer.text
    assert "checked" not in answer.text
    assert not answer.headers.getlist("Set-Cookie")
    assert "I agree to receive advertising" not in answer.text
    assert "Thank you." in visitor.post(f"{path}?lang=en", data={}).text
    assert "Cảm ơn anh/chị." in visitor.get(f"{path}?lang=vi").text
    assert visitor.get(f"{path[:-4]}AAAA").status_code == 404


def test_a_wish_that_cannot_be_read_holds_up_no_other(away: Flask, ctx: Context, house: Filled) -> None:
    """It stays for a person to look at."""
    away.test_client().post(f"/u/{house.unsubscribe}", data={"do": "pause", "days": "30"})
    broken = ctx.settings.data_dir / "wishes" / "0000.json"
    broken.write_text('{"ask": "fly"}')
    assert refusal.drain(ctx) == 1
    assert broken.exists()


def test_a_wish_that_cannot_be_carried_out_holds_up_no_other(away: Flask, ctx: Context, house: Filled) -> None:
    """Here a pause until after the end of all calendars; the refusal behind it counts."""
    visitor, folder = away.test_client(), ctx.settings.data_dir / "wishes"
    visitor.post(f"/u/{house.unsubscribe}", data={"do": "pause", "days": "30"})
    (pause,) = folder.iterdir()
    odd = folder / "0000.json"
    odd.write_text(json.dumps({**json.loads(pause.read_text("utf-8")), "days": 10**11}))
    pause.unlink()
    visitor.post(f"/u/{house.unsubscribe}", data={"do": "leave"})
    before = _lines(ctx)
    assert refusal.drain(ctx) == 1
    assert (odd.exists(), _lines(ctx)) == (True, before + 1)
