"""What a page may cost: at most twelve queries, and the same number however much there is."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.web.client import Client
from tests.web.filled import Filled
from tests.web.grown import grow
from tests.web.rehearsed import CAMPAIGN, ENDED

MOST = 12
# Addresses of every page by its endpoint; words in capitals stand for what the house has.
PAGES = {
    "static": (),  # files: no page, no database
    "healthz": ("/healthz",),
    "readyz": (),  # probes: no pages; what they ask is in tests/storage/test_health.py
    "metrics": (),
    "files.show": (),  # an image of an email: no page, one query
    "account.login": ("/login",),
    "account.invite": ("/invite/INVITE",),
    "account.reset": ("/reset/RESET",),
    "account.profile": ("/me",),
    "agree.show": ("/y/AGREE",),
    "alerts.index": ("/alerts", "/alerts?of=all"),
    "broadcasts.index": ("/broadcasts",),
    "campaign_text.edit": (f"/campaigns/{CAMPAIGN}/edit",),
    "relays.index": ("/settings/relays",),
    "replies.index": ("/replies", "/replies?of=all", "/replies?of=strays"),
    "replies.show": ("/replies/REPLY", "/replies/STRAY"),
    "rehearsals.ask": (f"/campaigns/{CAMPAIGN}/rehearse",),
    "rehearsals.show": (f"/rehearsals/{ENDED}",),
    "rehearsals.lead": (f"/rehearsals/{ENDED}/leads/1",),
    "broadcasts.new": ("/broadcasts/new",),
    "broadcasts.show": ("/broadcasts/ban_tin", "/broadcasts/uu_dai_tet"),
    "broadcasts.edit": ("/broadcasts/uu_dai_tet/edit",),
    "broadcasts.check": ("/broadcasts/uu_dai_tet/check",),
    "broadcasts.audience": ("/broadcasts/uu_dai_tet/audience", "/broadcasts/uu_dai_tet/audience?reason=no_consent"),
    "calls.index": ("/campaigns/welcome_series/calls", "/campaigns/welcome_series/calls?kind=sms&state=failed"),
    "campaigns.index": ("/campaigns",),
    "campaigns.show": ("/campaigns/welcome_series", "/campaigns/cold_low_risk_offer"),
    "campaigns.enrolled": ("/campaigns/welcome_series/enrollments", "/campaigns/welcome_series/enrollments?step=hello"),
    "emails.show": ("/emails/welcome_series_hello", "/emails/welcome_series_hello?lead=LEAD"),
    "emails.preview": ("/emails/welcome_series_hello/preview.html",),
    "email_result.of_lead": ("/leads/LEAD/hits", "/leads/LEAD/hits?doubted=1"),
    "email_result.show": (
        "/emails/welcome_series_hello/result",
        "/emails/welcome_series_hello/result?list=clicked",
        "/emails/welcome_series_hello/result?list=machine",
    ),
    "landing.show": ("/your-page/CLICK",),
    "data_requests.index": ("/requests",),
    "data_requests.show": ("/requests/REQUEST",),
    "engine.index": ("/engine",),
    "duplicates.index": ("/leads/duplicates", "/leads/duplicates?one=LEAD&other=OTHER"),
    "late.index": ("/late", "/late?campaign=welcome_series"),
    "lead.show": ("/leads/LEAD", *(f"/leads/LEAD?tab={tab}" for tab in ("score", "emails", "info", "consents"))),
    "lead.edit": ("/leads/LEAD/edit",),
    "leads.index": ("/leads", "/leads?q=an&sort=name", "/leads?tag=khach_hoi_thao&segment=new_leads&sort=engagement"),
    "leads.new": ("/leads/new",),
    "mailbox.index": ("/mailbox",),
    "mailbox.mail": ("/mailbox/MAIL",),
    "mailbox.html": ("/mailbox/MAIL/html",),
    "opportunities.index": ("/opportunities", "/opportunities?as=table"),
    "opportunities.show": ("/opportunities/DEAL",),
    "policy.show": ("/settings/policy", "/settings/policy?year=2027"),
    "suppressions.index": ("/suppressions", "/suppressions?q=khach1@example.net"),
    "public.leave": ("/u/UNSUBSCRIBE",),
    "segments.index": ("/segments",),
    "segments.show": ("/segments/new_leads", "/segments/new_leads?lead=lead0@example.com"),
    "segments.members": ("/segments/new_leads/members",),
    "tasks.index": ("/tasks", "/tasks?of=nobody", "/tasks?of=all&as=done"),
    "tasks.show": ("/tasks/TASK",),
    "sends.index": ("/sends", "/sends?campaign=welcome_series&state=sent", "/sends?broadcast=ban_tin"),
    "sends.message": ("/messages/MESSAGE",),
    "sends.unsure": ("/sends/unknown", "/sends/unknown?campaign=welcome_series"),
    "today.first": ("/",),
    "today.index": ("/today",),
    "why.show": (
        "/leads/LEAD/why",
        "/leads/LEAD/why?segment=new_leads",
        "/leads/LEAD/why?campaign=welcome_series",
        "/leads/LEAD/why?message=MESSAGE",
    ),
}


def pages_of(ctx: Context, house: Filled) -> Iterator[tuple[str, str]]:
    """Every page as (its address as named above, its address in this house)."""
    with ctx.database.read() as conn:
        lead = sa.select(leads.c.id).where(leads.c.public_id == house.leads["of_sales"]).scalar_subquery()
        message = conn.execute(sa.select(sa.func.min(messages.c.id)).where(messages.c.lead_id == lead)).scalar_one()
    words = {
        "INVITE": house.invite, "RESET": house.reset, "CLICK": house.click, "UNSUBSCRIBE": house.unsubscribe,
        "LEAD": house.leads["of_sales"], "TASK": str(house.task), "MAIL": str(house.mail), "DEAL": house.opportunity,
        "REQUEST": house.request, "REPLY": str(house.reply), "STRAY": str(house.stray),
        "AGREE": house.agree, "MESSAGE": str(message), "OTHER": house.leads["lead4"],
    }  # fmt: skip
    for path in (path for paths in PAGES.values() for path in paths):
        yield path, re.sub("|".join(words), lambda word: words[word[0]], path)


def _counts(app: Flask, ctx: Context, house: Filled, who: str) -> dict[str, int]:
    """Queries of each page that this person may see, once everything that is kept by the process has been read."""
    client = Client(app).sign_in(who)
    found = {}
    for name, path in pages_of(ctx, house):
        client.get(path)
        answer = client.get(path)
        assert answer.status_code in {200, 303, 403, 404}, (name, answer.status_code)
        if answer.status_code == 200:
            (count,) = re.findall(r"(\d+) queries", answer.headers["Server-Timing"])
            found[name] = int(count)
    return found


def test_every_page_has_a_budget(app: Flask) -> None:
    """A new page names here how it is called."""
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages == PAGES.keys()


@pytest.mark.parametrize("who", ["sales", "marketer", "admin", "viewer"])
def test_no_page_takes_more_than_its_budget_nor_more_with_more_rows(
    app: Flask, ctx: Context, house: Filled, who: str
) -> None:
    """Counted as filled, with twelve more of everything, and with twelve more again; the account's query included."""
    found = [_counts(app, ctx, house, who)]
    for word in ("more", "again"):
        grow(ctx, house, word)
        found.append(_counts(app, ctx, house, who))
    assert len(found[0]) > 30
    assert {path: count for counts in found for path, count in counts.items() if count > MOST} == {}
    _, once, twice = found
    assert twice == once


def test_every_page_is_there_for_somebody(app: Flask, ctx: Context, house: Filled) -> None:
    """What nobody sees would not be counted."""
    staff = [_counts(app, ctx, house, who) for who in ("sales", "admin")]
    every = dict(pages_of(ctx, house))
    client = Client(app)
    public = {name for name, path in every.items() if client.get(path).status_code == 200}
    assert every.keys() - {"/"} <= public.union(*staff)
