"""No raw key reaches a person, except beside its title where one works with it."""

import html
import re

import pytest
import sqlalchemy as sa

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.tables import campaigns
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.tables import templates
from nurture.segments.tables import segments
from tests.browser.visits import all_visits
from tests.web.client import Client
from tests.web.filled import Filled

# Where definitions are looked up, the key stands beside the title.
BESIDE = {"campaigns.show", "emails.show", "campaign_text.edit", "rehearsals.show"}
VISITS = {name: visit for name, visit in all_visits().items() if name.partition("#")[0] not in BESIDE}
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL)
_SUBJECT = re.compile(r"\b(?:campaign|enrollment|message|pipeline|alert|hit|activity|user):\w")


def _keys(ctx: Context) -> set[str]:
    """Those that are no word by themselves, as `webinar` is."""
    tables = (templates, campaigns, segments)
    with ctx.database.read() as conn:
        found = conn.execute(sa.union(*(sa.select(table.c.key) for table in tables))).scalars()
        return {key for key in found if "_" in key}


def _raw(text: str, keys: set[str]) -> list[str]:
    """Keys and subjects in what a page shows."""
    shown = html.unescape(_UNSEEN.sub(" ", text))
    words = set(re.findall(r"[\w-]+", shown))
    return sorted(keys & words) + _SUBJECT.findall(shown)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_pages_call_things_by_their_titles(marketer: Client, ctx: Context, house: Filled, lang: str) -> None:
    """Every page, and the whys of a lead with everything."""
    keys = _keys(ctx)
    paths = [visit(house) for visit in VISITS.values()]
    paths += [f"/leads/{house.leads['lead0']}/why?segment={key}" for key in ("new_leads", "warm_uncalled")]
    paths += [f"/leads/{one}/why" for one in list(house.leads.values())[:6]]
    marketer.flask.set_cookie("language", lang)
    found = {path: _raw(marketer.get(path).text, keys) for path in paths}
    assert {path: raw for path, raw in found.items() if raw} == {}


def test_the_check_sees_a_planted_key() -> None:
    """A silent check cannot pass."""
    assert _raw("<p>“<b>new_leads</b>” message:12</p><script>x</script>", {"new_leads"}) == ["new_leads", "message:1"]


def test_a_decision_says_what_it_was_about(marketer: Client, ctx: Context, house: Filled) -> None:
    """The campaign by its name, a scoring rule by its own, an email by its title."""
    now, public_id = ctx.clock.engine(), house.leads["lead0"]
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == public_id)).scalar_one()
        lines = (
            Decision(Decided.ENROLL, "campaign:re_engagement", "no", Reason.EXISTING_SKIPPED, now, lead, "x"),
            Decision(Decided.SCORE, "activity:1/clicked", "no", Reason.RULE_LIMIT, now, lead, "x", {"rule": "clicked"}),
            Decision(
                Decided.SEND, "enrollment:1/a", "no", Reason.NO_TEMPLATE, now, lead, "x",
                {"email": "welcome_series_hello"},
            ),
        )  # fmt: skip
        decide_many(conn, lines)
    text = marketer.get(f"/leads/{public_id}/why", Accept_Language="en").text
    shown = " ".join(html.unescape(_UNSEEN.sub(" ", text)).split())
    assert "before the campaign was first published Re-engagement" in shown
    assert "The rule “Clicked a link in an email” has counted as often as it may Score" in shown
    assert "There is no email “Thank you for your interest" in shown
    assert _raw(text, _keys(ctx)) == []
