"""An email's page: looked through as before a launch, read as anybody, sent to oneself as a test."""

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.web.client import Client
from tests.web.filled import Filled

PAGE = "/emails/welcome_series_hello"


def test_the_page_says_what_to_look_at(marketer: Client) -> None:
    """Here the house has no postal address; mail to staff is not looked through."""
    text = marketer.get(PAGE).text
    assert "Người đọc có thể từ chối nhận tin, ở cuối thư và ở cả hai phần" in text
    assert "Chưa đặt NURTURE_HOUSE_ADDRESS" in text
    assert "Xét như thư quảng cáo" not in marketer.get("/emails/staff_hot_lead").text


def test_it_is_read_as_anybody_whom_one_may_see(sales: Client, house: Filled) -> None:
    """By address or public id; whom one may not see is nobody."""
    assert sales.get(f"{PAGE}?as={house.leads['of_sales']}").status_code == 200
    assert sales.get(f"{PAGE}?as=khach1@example.net").status_code == 200
    assert sales.get(f"{PAGE}?as={house.leads['of_other']}").status_code == 404
    assert sales.get(f"{PAGE}?as=%3Cscript%3E").status_code == 404


def test_a_test_goes_to_whoever_asks_and_to_nobody_else(
    marketer: Client, sales: Client, house: Filled, ctx: Context
) -> None:
    """As the lead that is shown; salespeople send none."""
    form = {"lang": "vi", "lead": house.leads["of_sales"]}
    assert marketer.post(f"{PAGE}/test", form).status_code == 303
    assert sales.post(f"{PAGE}/test", form).status_code == 403
    with ctx.database.read() as conn:
        rows = conn.execute(sa.select(messages).where(messages.c.purpose == "test")).all()
    assert [(row.user_id, row.state) for row in rows] == [(house.people["marketer"], "queued")]
