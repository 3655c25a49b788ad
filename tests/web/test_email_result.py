"""What came of an email, on its page; and a lead's opens and clicks with their verdicts."""

import re

from flask import Flask

from nurture.kernel.context import Context
from nurture.tracking.service import ingest
from tests.storage.tracking_ground import SCANNER, add_hit
from tests.web.client import Client
from tests.web.filled import Filled

KEY = "welcome_series_hello"


def _message(ctx: Context, house: Filled) -> int:
    """A message of the email, whose lead everybody here sees."""
    return house.messages[0]


def test_every_figure_leads_to_its_list(app: Flask, ctx: Context, house: Filled) -> None:
    """And every list can be looked at."""
    message = _message(ctx, house)
    add_hit(ctx, message, url="https://www.nurture.example/vi/bang-gia")
    add_hit(ctx, message, agent=SCANNER, after=60)
    ingest(ctx)
    client = Client(app).sign_in("admin")
    page = client.get(f"/emails/{KEY}/result").get_data(as_text=True)
    lists = set(re.findall(r"list=(\w+)", page))
    assert {"clicked", "opened", "machine", "examined", "doubted"} <= lists
    for what in lists:
        assert client.get(f"/emails/{KEY}/result?list={what}").status_code == 200
    assert "Barracuda" in client.get(f"/emails/{KEY}/result?list=machine").get_data(as_text=True)
    assert client.get("/emails/nothing/result").status_code == 404


def test_a_leads_clicks_show_their_verdicts_and_what_is_examined(app: Flask, ctx: Context, house: Filled) -> None:
    """A region of the lead's page asks for them."""
    message = _message(ctx, house)
    client = Client(app).sign_in("admin")
    lead = house.leads["lead0"]
    add_hit(ctx, message, agent="", url="https://www.nurture.example/vi/bang-gia")
    ingest(ctx)
    shown = client.get(f"/leads/{lead}/hits?doubted=1").get_data(as_text=True)
    assert "đang xem xét" in shown
    assert "Không cho biết là chương trình nào" in shown
    assert f"/leads/{lead}/hits?doubted=1" in client.get(f"/leads/{lead}").get_data(as_text=True)
    assert f"/leads/{lead}/hits" in client.get(f"/leads/{lead}?tab=emails").get_data(as_text=True)
    (version,) = re.findall(r'id="lead-hits"[^>]*data-version="(\w+)"', shown)
    again = client.get(f"/leads/{lead}/hits?doubted=1&since={version}", X_Live="true")
    assert again.status_code == 204
    assert client.get("/leads/nobody/hits").status_code == 404
