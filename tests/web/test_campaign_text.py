"""A campaign edited as text: looked at before it is live, published with a choice, never over somebody else's work."""

import html
import re

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.campaigns import store
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.users.tables import audit
from tests.web.client import Client

KEY = "welcome_series"
PAGE = f"/campaigns/{KEY}/edit"
_SEEN = re.compile(r'name="seen" value="(\w+)"')


@pytest.fixture
def marketer(app: Flask) -> Client:
    """One who may edit."""
    return Client(app).sign_in("marketer")


def _source(ctx: Context) -> str:
    with ctx.database.read() as conn:
        found = store.get(conn, KEY)
    assert found is not None
    return found.source


def _seen(client: Client) -> str:
    found = _SEEN.search(client.get(PAGE).text)
    assert found is not None
    return found[1]


def _shown(text: str) -> str:
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_the_text_is_shown_as_it_stands(marketer: Client, ctx: Context) -> None:
    """To the byte."""
    assert _shown(marketer.get(PAGE).text) == _source(ctx)


@pytest.mark.parametrize("who", ["sales", "viewer"])
def test_only_who_defines_campaigns_edits_them(app: Flask, who: str) -> None:
    """Others see neither the text nor publish."""
    client = Client(app).sign_in(who)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"text": "key: x", "do": "publish"}).status_code == 403


def test_findings_are_said_with_their_lines_and_nothing_is_lost(marketer: Client, ctx: Context) -> None:
    """What was written comes back; nothing is live."""
    before = _source(ctx)
    seen = _seen(marketer)
    broken = before.replace("wait:", "wiat:", 1)
    answer = marketer.post(PAGE, {"text": broken, "seen": seen, "do": "publish"})
    assert answer.status_code == 422
    assert "wiat" in answer.text
    assert "dòng" in answer.text
    assert _shown(answer.text) == broken
    assert _source(ctx) == before


def test_looking_publishes_nothing_and_says_where_everybody_would_be(marketer: Client, ctx: Context) -> None:
    """Steps that change, and a choice that has to be made."""
    before, seen = _source(ctx), _seen(marketer)
    changed = before.replace("2 days", "3 days", 1)
    answer = marketer.post(PAGE, {"text": changed.replace("\n", "\r\n"), "seen": seen, "do": "look"})
    assert answer.status_code == 200
    assert 'name="under_way"' in answer.text
    assert _source(ctx) == before
    unchosen = marketer.post(PAGE, {"text": changed, "seen": seen, "do": "publish"})
    assert unchosen.status_code == 422
    assert _source(ctx) == before


def test_publishing_keeps_every_byte_and_moves_those_under_way(marketer: Client, ctx: Context) -> None:
    """A browser's line ends are not kept; an audit line says who."""
    before, seen = _source(ctx), _seen(marketer)
    changed = "# mended\n" + before.replace("2 days", "3 days", 1)
    sent = {"text": changed.replace("\n", "\r\n"), "seen": seen, "do": "publish", "under_way": "move"}
    assert marketer.post(PAGE, sent).status_code == 303
    assert _source(ctx) == changed
    with ctx.database.read() as conn:
        stored = store.get(conn, KEY)
        assert stored is not None
        mine = enrollments.c.campaign_id == stored.id
        query = sa.select(enrollments.c.revision_id).where(mine, enrollments.c.state == "active")
        revisions = set(conn.execute(query).scalars())
        actions = set(conn.execute(sa.select(audit.c.action)).scalars())
    assert revisions == {stored.revision_id}
    assert {"campaign.apply", "campaign.under_way"} <= actions


def test_nobody_publishes_over_what_another_has_published_meanwhile(marketer: Client, ctx: Context) -> None:
    """What was written is still there, with a word about it."""
    before, seen = _source(ctx), _seen(marketer)
    first = marketer.post(PAGE, {"text": "# one\n" + before, "seen": seen, "do": "publish"})
    assert first.status_code == 303
    mine = before.replace("2 days", "3 days", 1)
    second = marketer.post(PAGE, {"text": mine, "seen": seen, "do": "publish", "under_way": "keep"})
    assert second.status_code == 409
    assert _shown(second.text) == mine
    assert _source(ctx) == "# one\n" + before


def test_a_campaign_keeps_its_key(marketer: Client, ctx: Context) -> None:
    """Another key would be another campaign."""
    text = _source(ctx).replace(f"key: {KEY}", "key: other", 1)
    answer = marketer.post(PAGE, {"text": text, "seen": _seen(marketer), "do": "publish"})
    assert answer.status_code == 422
