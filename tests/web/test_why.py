"""Why, and why not: what an open opportunity, a missing one and a decision look like there."""

import html
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.opportunities.tables import opportunities
from tests.web.client import Client
from tests.web.filled import Filled

CRITERIA = [{"key": "temperature", "needed": "hot", "seen": "hot", "holds": True}]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"automatic": True, "cause": "activity:1", "criteria": CRITERIA}, ("opened by itself", "seen: hot")),
        ({"automatic": False, "cause": "user:SALES", "criteria": []}, ("opened by Phạm Văn Bán", "")),
        ({"automatic": False, "cause": "cli", "criteria": []}, ("opened by nurture", "")),
        ({"automatic": False, "cause": "?", "criteria": []}, ("opened by hand", "")),
    ],
    ids=["by-itself", "by-a-person", "by-a-command", "by-nobody-known"],
)
def test_why_says_first_that_an_opportunity_is_open(
    sales: Client, ctx: Context, house: Filled, values: dict[str, Any], said: tuple[str, str]
) -> None:
    """With the way there, by whom, and what it opened with; nothing is crossed out because of it."""
    cause = str(values["cause"]).replace("SALES", str(house.people["sales"]))
    card = _opportunity_card(sales, ctx, house, **{**values, "cause": cause})
    assert f'href="/opportunities/{house.opportunity}"' in card
    assert card.index("One is open already") < card.index(said[0]) < card.index("<time")
    assert said[1] in card
    assert ("What it opened with:" in card) is bool(values["criteria"])
    assert "does not hold" not in card
    assert "because not all criteria hold" not in card


def test_why_asks_the_criteria_where_none_is_open(sales: Client, ctx: Context, house: Filled) -> None:
    """As of now, with tick or cross."""
    card = _opportunity_card(sales, ctx, house, state="lost", closed_at=ctx.clock.engine())
    assert "One is open already" not in card
    assert "because not all criteria hold" in card
    assert "does not hold" in card


def test_why_shows_no_way_to_a_colleagues_opportunity(sales: Client, ctx: Context, house: Filled) -> None:
    """Only that there is one."""
    card = _opportunity_card(sales, ctx, house, owner_id=house.people["other_sales"], name="Secret deal")
    assert "One is open already" in card
    assert "/opportunities/" not in card
    assert "Secret deal" not in card


def _opportunity_card(client: Client, ctx: Context, house: Filled, **values: Any) -> str:
    """Of the whys of the lead whose opportunity the house has, once that was changed."""
    mine = opportunities.c.public_id == house.opportunity
    with ctx.database.write() as conn:
        conn.execute(opportunities.update().where(mine).values(**values))
        lead = conn.execute(sa.select(leads.c.public_id).join(opportunities).where(mine)).scalar_one()
    text = html.unescape(client.get(f"/leads/{lead}/why", Accept_Language="en").text)
    return text[text.index("why-opportunity") :].partition("</section>")[0]


@pytest.mark.parametrize(
    ("outcome", "mark"), [("later", "put off"), ("no", "no"), ("kept", "yes")], ids=["later", "no", "kept"]
)
def test_what_was_put_off_is_neither_ticked_nor_crossed(
    sales: Client, ctx: Context, house: Filled, outcome: str, mark: str
) -> None:
    """A send that waits for its window has not gone, and nothing has refused it."""
    public_id, now = house.leads["of_sales"], ctx.clock.engine()
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == public_id)).scalar_one()
        decide_many(conn, [Decision(Decided.SEND, "enrollment:1/hello", outcome, Reason.QUIET_HOURS, now, lead)])
    text = sales.get(f"/leads/{public_id}/why", Accept_Language="en").text
    line = text[text.index("why-decided") :].partition("</li>")[0]
    assert f'aria-label="{mark}"' in line
    assert ('class="ok"' in line) is (outcome == "kept")
