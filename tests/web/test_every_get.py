"""Looking changes nothing, on any page, for anybody: mail scanners, crawlers and impatient people open every link."""

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.kernel.context import Context
from nurture.schema import metadata
from tests.web.client import Client
from tests.web.filled import Filled
from tests.web.test_budgets import pages_of


def _everything(ctx: Context) -> dict[str, list[str]]:
    """Every row of every table."""
    with ctx.database.read() as conn:
        return {table.name: sorted(map(str, conn.execute(sa.select(table)))) for table in metadata.sorted_tables}


@pytest.mark.parametrize("who", ["nobody", "sales", "marketer", "admin", "viewer"])
def test_no_page_changes_anything(app: Flask, ctx: Context, house: Filled, who: str) -> None:
    """Not a row of the database, on GET and on HEAD."""
    client = Client(app) if who == "nobody" else Client(app).sign_in(who)
    before = _everything(ctx)
    for name, path in pages_of(ctx, house):
        for answer in (client.get(path), client.flask.head(path)):
            assert answer.status_code in {200, 303, 403, 404}, (name, answer.status_code)
    assert _everything(ctx) == before
