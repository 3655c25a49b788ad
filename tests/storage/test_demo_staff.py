"""The demo's made-up team, on both databases: accounts that leave the language to the browser."""

import pytest

from nurture.demo import load
from nurture.demo.people import STAFF
from nurture.kernel.context import Context
from nurture.users import store


def test_the_team_has_no_language_of_its_own(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries the demo reads it in the language their browser asks for."""
    monkeypatch.setattr(load, "LEADS", 1)
    load.load_demo(context, "một câu dễ nhớ")
    with context.database.read() as conn:
        team = [store.by_email(conn, email) for _, email, _, _ in STAFF]
    assert [one.language for one in team if one is not None] == [None] * len(STAFF)
