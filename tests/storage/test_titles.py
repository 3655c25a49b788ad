"""Titles of what rules name, on both databases."""

from pathlib import Path

import sqlalchemy as sa

from nurture.engine import definitions
from nurture.engine.known import titles
from nurture.kernel.context import Context
from nurture.leads import service as leads
from nurture.leads.model import NewLead
from nurture.users import service as users
from tests.conftest import START

ROOT = Path(__file__).parents[2]
ASKED = {
    ("email", "welcome_series_hello"), ("campaign", "welcome_series"), ("segment", "new_leads"),
    ("tag", "khach_quy"), ("owner", "ha@anphat.example"), ("email", "gone"), ("field", "city"),
}  # fmt: skip


def _fill(context: Context) -> None:
    with context.database.write() as conn:
        found = definitions.read(ROOT / "campaigns", ROOT / "templates_email", definitions.facts_of(conn))
        definitions.apply(conn, found, now=START, real=START, actor="cli")
        users.add(
            conn, email="ha@anphat.example", name="Trần Thu Hà", role="sales", password="mot cau that dai",
            real=START, actor="cli",
        )  # fmt: skip
        lead = leads.add(conn, NewLead(email="a@example.com"), now=START, real=START, actor="cli", cause="x")
        leads.tag(conn, lead.id, "Khách quý", now=START, real=START, actor="cli", cause="x")


def test_each_kind_is_called_as_people_call_it(context: Context) -> None:
    """In the language asked for; what is unknown is left out and goes by its key."""
    _fill(context)
    with context.database.read() as conn:
        vietnamese, english = titles(conn, "vi", ASKED), titles(conn, "en", ASKED)
    for called in (vietnamese, english):
        assert called.get("tag", "khach_quy") == "Khách quý"
        assert called.get("owner", " Ha@anphat.example") == "Trần Thu Hà"
        assert (called.get("email", "gone"), called.get("field", "city")) == (None, None)
    for kind, key in (("email", "welcome_series_hello"), ("campaign", "welcome_series"), ("segment", "new_leads")):
        assert vietnamese.get(kind, key) not in {None, key, english.get(kind, key)}
        assert english.get(kind, key) not in {None, key}
    assert "{" not in str(vietnamese.get("email", "welcome_series_hello"))


def test_all_titles_come_with_one_query(context: Context) -> None:
    """However many are asked for, the first time and later; none at all where nothing is named."""
    _fill(context)
    asked: list[str] = []
    sa.event.listen(
        context.database.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])), named=False
    )
    with context.database.read() as conn:
        titles(conn, "vi", [])
        titles(conn, "vi", [("field", "city")])
        assert not [one for one in asked if "SELECT" in one]
        first = titles(conn, "vi", ASKED)
        assert len([one for one in asked if one.startswith("SELECT")]) == 1
        again = titles(conn, "vi", ASKED)
    assert len([one for one in asked if one.startswith("SELECT")]) == 2
    assert [first.get(*name) for name in ASKED] == [again.get(*name) for name in ASKED]
