"""What holds on every page of the daily work: no POST without its token, and hostile names stay text."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.alerts.tables import alerts
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

# A mail program's one-click refusal (RFC 8058) comes from no page of ours; its token in the address is the proof.
# A mail provider shows its signature or secret.
OPEN = {"public.act", "agree.act", "inbound_hooks.listen"}


def test_no_post_is_taken_without_its_token(app: Flask, sales: Client) -> None:
    """400 for every address that takes a POST, whoever asks."""
    took: dict[str, int] = {}
    paths = 0
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in OPEN:
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        paths += 1
        for data in ({}, {"csrf_token": "made up"}):
            status = sales.flask.post(path, data=data).status_code
            if status != 400:
                took[path] = status
    assert paths > 25
    assert took == {}


@pytest.fixture
def mallory(ctx: Context, house: Filled) -> int:
    """A lead of the salesperson with mail and an alert gets a hostile name; the id of its first message."""
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == house.leads["of_sales"])).scalar_one()
        conn.execute(leads.update().where(leads.c.id == lead).values(name=HOSTILE, honorific=HOSTILE))
        assert conn.execute(sa.select(sa.func.count()).where(alerts.c.lead_id == lead)).scalar_one()
        found = conn.execute(sa.select(sa.func.min(messages.c.id)).where(messages.c.lead_id == lead)).scalar_one()
    return int(found)


@pytest.mark.parametrize(
    "path",
    [
        "/alerts",
        "/today",
        "/opportunities",
        "/opportunities?as=table",
        "/opportunities/DEAL",
        "/campaigns/welcome_series/enrollments",
        "/sends?campaign=welcome_series",
        "/messages/MESSAGE",
        "/emails/welcome_series_hello?lead=LEAD",
        "/leads/LEAD",
    ],
)
def test_a_hostile_name_stays_text(sales: Client, house: Filled, mallory: int, path: str) -> None:
    """It is shown, as written, and is no markup and no template."""
    path = path.replace("DEAL", house.opportunity).replace("LEAD", house.leads["of_sales"])
    answer = sales.get(path.replace("MESSAGE", str(mallory)))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text
    assert "&lt;/script&gt;49" not in answer.text


def test_a_hostile_reader_of_a_mail_stays_text(marketer: Client, house: Filled, mallory: int) -> None:
    """Beside the mail, too; the preview of an email holds no markup of theirs."""
    text = marketer.get(f"/mailbox/{house.mail}").text
    assert mallory
    assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in text
    lead = house.leads["of_sales"]
    assert "<script>alert" not in marketer.get(f"/emails/welcome_series_hello/preview.html?lead={lead}").text
