"""Requests that nobody's browser would make: they get an answer, hold nobody up, and change nothing twice."""

import base64
import json
import time
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from structlog.testing import capture_logs

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities
from tests.web.client import Client
from tests.web.filled import Filled

FAR = ("0001-01-01T00:00:00+23:59~1", "9999-12-31T23:59:59-23:59~1")


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "path",
    [
        *(f"/leads/LEAD?before={one.replace('+', '%2B')}" for one in FAR),
        *(f"/opportunities?as=table&after={one.replace('+', '%2B')}" for one in FAR),
        "/leads/LEAD?tab=emails&before=" + "9" * 30,
        "/leads/LEAD?tab=emails&before=" + "9" * 5_000,
        "/sends?day=9999-12-31",
        "/sends?day=0001-01-01",
    ],
)
def test_a_place_outside_time_or_numbers_is_no_place(marketer: Client, house: Filled, path: str) -> None:
    """The list begins at its first page."""
    assert marketer.get(path.replace("LEAD", house.leads["of_sales"])).status_code == 200


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("engagement", _cursor("engagement", float("inf"), 1)),
        ("engagement", _cursor("engagement", 10**30, 1)),
        ("engagement", _cursor("engagement", True, 1)),
        ("name", _cursor("name", "\ud800", 1)),
        ("last_activity", _cursor("last_activity", "0001-01-01T00:00:00+23:59", 1)),
        ("last_activity", base64.urlsafe_b64encode(b"[" * 40_000).decode()),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(marketer: Client, sort: str, cursor: str) -> None:
    """With words, not as a failure of ours."""
    assert marketer.get(f"/leads?sort={sort}&after={cursor}").status_code == 422


@pytest.mark.parametrize(
    "path", ["/alerts/%s/accept", "/alerts/%s/dismiss", "/me/away/%s/remove", "/leads/LEAD/conflicts/%s"]
)
def test_a_number_no_key_can_hold_is_no_page(marketer: Client, house: Filled, path: str) -> None:
    """2^63 and beyond."""
    path = path.replace("LEAD", house.leads["of_sales"]) % 2**63
    assert marketer.post(path, {"words": "x", "keep": "other"}).status_code == 404


def test_nul_is_refused_wherever_it_stands(marketer: Client, house: Filled) -> None:
    """PostgreSQL could not even look for it."""
    public_id = house.leads["of_sales"]
    assert marketer.get("/leads?tag=%00").status_code == 400
    assert marketer.get("/leads/%00").status_code == 400
    assert marketer.post(f"/leads/{public_id}/record", {"note": "a\0b"}).status_code == 400


def test_more_tags_than_anybody_gives_are_refused(sales: Client) -> None:
    """They would be written in one transaction, and everybody waits for it."""
    many = ",".join(f"t{number}" for number in range(20_000))
    began = time.monotonic()
    answer = sales.post("/leads/new", {"email": "nhieu@example.com", "name": "Nhiều", "tags": many})
    assert answer.status_code == 422
    assert time.monotonic() - began < 5


def test_the_same_lead_picked_many_times_is_tagged_once(marketer: Client, house: Filled) -> None:
    """And more leads than are changed at once are refused before the first."""
    public_id = house.leads["of_sales"]
    began = time.monotonic()
    answer = marketer.flask.post(
        "/leads", data={"csrf_token": marketer.token, "tag": "một lần", "lead": [public_id] * 10_000}
    )
    assert answer.status_code == 303
    assert time.monotonic() - began < 5
    strangers = [f"stranger{number}" for number in range(2_001)]
    refused = marketer.flask.post("/leads", data={"csrf_token": marketer.token, "tag": "x", "lead": strangers})
    assert refused.status_code == 422


def test_what_is_said_on_the_next_page_fits_into_a_cookie(sales: Client, house: Filled) -> None:
    """Browsers drop a session cookie over 4 KB, and proxies refuse long headers."""
    words = " ".join(str(hash(str(number))) for number in range(2_000))
    answer = sales.post(f"/leads/{house.leads['of_sales']}/tag", {"tag": words})
    assert all(len(one) < 4_000 for one in answer.headers.getlist("Set-Cookie"))


def test_what_a_shared_cache_keeps_carries_no_session(sales: Client) -> None:
    """A style sheet with the cookie of one person would sign in the next."""
    text = sales.get("/leads").text
    path = text.split('href="/static/app', 1)[1].split('"', 1)[0]
    answer = sales.get(f"/static/app{path}")
    assert "public" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_a_path_under_htmx_is_written_in_ascii(sales: Client, house: Filled) -> None:
    """A header holds nothing else."""
    answer = sales.post(
        f"/leads/{house.leads['of_sales']}/tag",
        {"tag": "x", "next": "/leads?q=Nguyễn"},
        HX_Request="true",
        HX_Current_URL="http://localhost/elsewhere",
    )
    assert answer.headers["HX-Redirect"] == "/leads?q=Nguy%E1%BB%85n"


def test_a_form_sent_twice_opens_one_opportunity(sales: Client, ctx: Context, house: Filled) -> None:
    """A second click before the first is answered; asked for anew, there is another one."""
    public_id = house.leads["free"]
    page = sales.get(f"/leads/{public_id}").text
    known = page.split('name="known" value="', 1)[1].split('"', 1)[0]

    def count() -> int:
        with ctx.database.read() as conn:
            query = sa.select(sa.func.count()).select_from(
                opportunities.join(leads, leads.c.id == opportunities.c.lead_id)
            )
            return int(conn.execute(query.where(leads.c.public_id == public_id)).scalar_one())

    path, before = f"/leads/{public_id}/opportunity", count()
    places = {sales.post(path, {"known": known}).headers["Location"] for _ in range(3)}
    assert (len(places), count()) == (1, before + 1)
    sales.post(path, {"known": str(int(known) + 1)})
    assert count() == before + 2


def test_error_pages_have_the_policy_too(app: Flask, client: Client) -> None:
    """A 500 is a page like any other."""

    def broken() -> Response:
        raise RuntimeError("on purpose")

    broken.needs_no_account = True  # type: ignore[attr-defined]
    app.add_url_rule("/broken-on-purpose", "broken", broken)
    for path in ("/broken-on-purpose", "/nothing-here", "/static/none.css", "/u/none"):
        assert "default-src 'none'" in client.get(path).headers["Content-Security-Policy"]


def test_a_log_names_no_token(app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the log of a failure cannot sign in or unsubscribe by it."""

    def broken(token: str) -> Response:
        raise RuntimeError(f"on purpose, {len(token)}")

    monkeypatch.setitem(app.view_functions, "account.reset", broken)
    broken.needs_no_account = True  # type: ignore[attr-defined]
    with capture_logs() as lines:
        assert client.get("/reset/a-secret-of-somebody").status_code == 500
    assert [line["path"] for line in lines] == ["/reset/<token>"]
