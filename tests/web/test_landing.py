"""Where a click in a demo's mail ends: at a page of ours, only in the demo, only for links that we signed."""

import html
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import Client as Browser

from nurture.kernel.context import Context
from nurture.kernel.tables import installation
from nurture.leads.tables import leads
from nurture.messages.links import click_token
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits
from nurture.web.front import front
from tests.web.client import Client
from tests.web.filled import Filled

PRICES = "https://www.nurture.example/vi/bang-gia?utm_source=email"


@pytest.fixture
def browser(ctx: Context) -> Iterator[Browser]:
    """At the whole front, tracked links included."""
    application, tracker = front(ctx)
    tracker.start()
    yield Browser(application)
    tracker.stop()


def _no_demo(ctx: Context) -> None:
    with ctx.database.write() as conn:
        conn.execute(installation.update().values(demo=False))


def test_a_click_in_the_demo_ends_at_a_page_of_ours(browser: Browser, ctx: Context, house: Filled) -> None:
    """And is kept with the address that stands in the mail."""
    answer = browser.get(f"/c/{house.click}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/your-page/{house.click}")
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Đây sẽ là trang của bạn" in page.text
    assert PRICES in page.text
    assert f'href="{PRICES}' not in page.text
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(hits.c.url).order_by(hits.c.id.desc()).limit(1)).scalar_one() == PRICES


@pytest.mark.parametrize(
    "target",
    ["https://nurture.example.com/x", "http://127.0.0.1:8000/healthz", "https://example/", "https://a.example:81/x"],
)
def test_only_what_cannot_answer_is_kept_here(browser: Browser, ctx: Context, house: Filled, target: str) -> None:
    """Under .example nothing ever answers (RFC 2606); every other link opens what it names."""
    token = click_token(ctx.keys, house.messages[0], 1, target)
    stays = target.startswith(("https://example/", "https://a.example:"))
    assert browser.get(f"/c/{token}").headers["Location"] == (f"/your-page/{token}" if stays else target)
    assert browser.get(f"/your-page/{token}").status_code == (200 if stays else 404)


def test_outside_the_demo_links_open_what_they_name(ctx: Context, house: Filled) -> None:
    """Byte for byte; and there is no such page."""
    _no_demo(ctx)
    application, tracker = front(ctx)
    tracker.start()
    try:
        browser = Browser(application)
        assert browser.get(f"/c/{house.click}").headers["Location"] == PRICES
        assert browser.get(f"/your-page/{house.click}").status_code == 404
    finally:
        tracker.stop()


@pytest.mark.parametrize("token", ["x", "https:%2F%2Fevil.example", "%0d%0aX-Evil:1"])
def test_a_forged_link_shows_nothing(browser: Browser, house: Filled, token: str) -> None:
    """The page says only what we signed."""
    assert browser.get(f"/your-page/{token}").status_code == 404
    assert browser.get(f"/your-page/{house.click[:-2]}xx").status_code == 404
    answer = browser.get(f"/c/{token}")
    assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_a_hostile_address_stays_text(app: Flask, ctx: Context, house: Filled) -> None:
    """Even if somebody wrote it into a template."""
    token = click_token(ctx.keys, house.messages[0], 1, "https://a.example/<script>alert(1)</script>")
    answer = app.test_client().get(f"/your-page/{token}")
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_way_to_the_lead_is_for_those_who_may_see_it(
    app: Flask, ctx: Context, client: Client, marketer: Client, house: Filled
) -> None:
    """A reader outside learns nobody's name."""
    with ctx.database.write() as conn:
        conn.execute(leads.update().values(owner_id=house.people["sales"]))
    path = f"/your-page/{house.click}"
    assert 'href="/leads/' in marketer.get(path).text
    assert "/leads/" not in app.test_client().get(path).text
    assert "/leads/" not in client.sign_in("other_sales").get(path).text


def test_it_speaks_both_languages(app: Flask, house: Filled) -> None:
    """The reader's own."""
    answer = app.test_client().get(f"/your-page/{house.click}", headers={"Accept-Language": "en"})
    assert "This would be your page" in answer.text
    assert '<html lang="en"' in answer.text


PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
HEADLESS = PERSON.replace("Chrome", "HeadlessChrome")


@pytest.mark.parametrize(
    ("agent", "at_once", "once_judged"),
    [
        (PERSON, "judged within seconds", "judged to be a person's"),
        (
            HEADLESS,
            "gives no points: A security scanner (headless).",
            "gives no points: A security scanner (headless).",
        ),
    ],
    ids=["a-person", "a-machine"],
)
def test_it_promises_no_more_than_is_known(
    browser: Browser, ctx: Context, house: Filled, agent: str, at_once: str, once_judged: str
) -> None:
    """A machine's click gives nothing, and says so at once; a person's counts once it was judged."""
    headers = {"User-Agent": agent, "Accept-Language": "en"}
    page = browser.get(f"/c/{house.click}", headers=headers).headers["Location"]
    assert at_once in html.unescape(browser.get(page, headers=headers).text)
    ingest(ctx)
    assert once_judged in html.unescape(browser.get(page, headers=headers).text)
